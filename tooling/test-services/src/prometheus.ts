import { freePort } from './free-port.ts'
import { placeForPrometheus } from './place.ts'
import { until } from './until.ts'

export interface PrometheusOptions {
  /** What is scraped, each second: `127.0.0.1:4321`. Path `/metrics`. */
  readonly targets: readonly string[]
  /** Contents of rule files. Evaluated each second. */
  readonly rules?: readonly string[]
}

export interface QueriedSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface FiringAlert {
  readonly name: string
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
}

export interface PrometheusServer extends AsyncDisposable {
  readonly url: string
  /** The samples of an instant query. Rejects with what Prometheus says of a query that it can't read. */
  query(expression: string): Promise<QueriedSample[]>
  /** Alerts that are pending or firing. */
  alerts(): Promise<FiringAlert[]>
  stop(): Promise<void>
}

/** Starts a Prometheus that scrapes and evaluates each second, and forgets everything when it is stopped. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const { targets, rules = [] } = options
  const machine = placeForPrometheus()
  try {
    const port = await freePort()
    const files = await Promise.all(rules.map((text, i) => machine.write(`rules-${i}.yml`, text)))
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: files,
      scrape_configs: [{ job_name: 'test', static_configs: [{ targets }] }],
    }
    const program = await machine.start('prometheus', [
      // JSON is YAML.
      `--config.file=${await machine.write('prometheus.yml', JSON.stringify(config))}`,
      `--storage.tsdb.path=${machine.folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ])
    const url = `http://127.0.0.1:${port}`
    await until('Prometheus', async () => (await fetch(`${url}/-/ready`)).ok, {
      detail: () => program.output(),
    })
    const stop = () => machine.stop()
    return {
      url,
      query: (expression) => query(url, expression),
      alerts: () => alerts(url),
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await machine.stop()
    throw error
  }
}

async function query(url: string, expression: string): Promise<QueriedSample[]> {
  const answer = (await asked(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
    readonly result: readonly {
      readonly metric: Record<string, string>
      readonly value: readonly [number, string]
    }[]
  }
  return answer.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
}

async function alerts(url: string): Promise<FiringAlert[]> {
  const answer = (await asked(`${url}/api/v1/alerts`)) as {
    readonly alerts: readonly {
      readonly state: 'pending' | 'firing'
      readonly labels: Record<string, string>
    }[]
  }
  return answer.alerts.map(({ state, labels }) => ({ name: labels['alertname'] ?? '', state, labels }))
}

async function asked(address: string): Promise<unknown> {
  const response = await fetch(address)
  const body = (await response.json()) as { readonly data?: unknown; readonly error?: string }
  if (!response.ok) throw new Error(`Prometheus: ${body.error ?? response.statusText}`)
  return body.data
}

/**
 * Runs `promtool`, in a folder that holds the given files. Resolves to what it printed, rejects with that when it
 * found something.
 */
export async function promtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const machine = placeForPrometheus()
  try {
    for (const [name, text] of Object.entries(files)) await machine.write(name, text)
    return await machine.run('promtool', args)
  } finally {
    await machine.stop()
  }
}
