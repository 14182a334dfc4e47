import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startPrometheus, startRedis, until } from '@tierstack/test-services'
import { expect, onTestFinished, test } from 'vitest'
import { followChanges } from '../../src/feed.ts'
import { chooseTiers } from '../../src/tiers.ts'
import { ask, patch, serveDemo } from '../parts.ts'

const monitoring = (name: string): string =>
  readFileSync(
    fileURLToPath(import.meta.resolve(`@tierstack/cache-metrics/monitoring/javascript/${name}`)),
    'utf8',
  )

interface Panel {
  readonly type: string
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

/** Every query of the dashboard, by the title of its panel, as Grafana would send it. */
function queries(): { title: string; expr: string }[] {
  const { panels } = JSON.parse(monitoring('dashboards/tierstack.json')) as {
    readonly panels: readonly Panel[]
  }
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll('$__rate_interval', '10s').replaceAll('$namespace', '.*'),
    })),
  )
}

/** A little of everything that the panels show. */
async function traffic(url: string): Promise<void> {
  for (let id = 1; id <= 6; id++) await ask(`${url}/cities/${id}`)
  await ask(`${url}/near?lat=-15&lon=179`)
  await ask(`${url}/countries/FR/stats`)
  await patch(`${url}/cities/1`, { population: 2_000_000 })
}

test(
  'Prometheus scrapes the demo: each panel has data, and alerts fire when Redis is killed',
  { timeout: 120_000 },
  async () => {
    await using redis = await startRedis({})
    const { application, url, close } = await serveDemo({
      tiers: () => chooseTiers({ REDIS_URL: redis.url }),
    })
    onTestFinished(close)
    const feed = await followChanges(application)
    onTestFinished(() => feed.close())
    await using prometheus = await startPrometheus({
      targets: [url.replace('http://', '')],
      rules: [monitoring('rules.yml')],
    })
    const traffics = setInterval(() => void traffic(url).catch(() => {}), 200)
    onTestFinished(() => clearInterval(traffics))

    const all = queries()
    expect(all.length).toBeGreaterThan(30)
    const empty = async (): Promise<string[]> => {
      const counts = await Promise.all(all.map(async ({ expr }) => (await prometheus.query(expr)).length))
      return all.filter((_, i) => counts[i] === 0).map(({ title }) => title)
    }
    let without: string[] = []
    await until(
      'data for every query',
      async () => {
        without = await empty()
        return without.length === 0
      },
      { detail: async () => `no data for: ${without.join(', ')}` },
    )

    const firing = async (): Promise<Set<string>> =>
      new Set((await prometheus.alerts()).filter(({ state }) => state === 'firing').map(({ name }) => name))
    expect(await firing()).not.toContain('CacheTierDown')
    await redis.kill()
    await until(
      'the alerts to fire',
      async () => {
        const now = await firing()
        return now.has('CacheTierDown') && now.has('CacheBusSilent')
      },
      { limit: 45_000 },
    )
    const down = (await prometheus.alerts()).find(({ name }) => name === 'CacheTierDown')
    expect(down?.labels).toMatchObject({
      cache_namespace: 'tierstack-demo',
      cache_tier: 'redis',
      severity: 'critical',
    })

    await redis.restart()
    await until('the alert to end', async () => !(await firing()).has('CacheTierDown'))
  },
)
