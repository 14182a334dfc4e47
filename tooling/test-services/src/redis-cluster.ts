import { freePort } from './free-port.ts'
import { placeForRedis } from './place.ts'
import { startRedisOn, type RedisOptions, type RedisServer } from './redis.ts'
import { respCommand } from './resp.ts'
import { until } from './until.ts'

const SLOTS = 16_384

export interface RedisCluster extends AsyncDisposable {
  /** The masters, in the order of their slots. */
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}

/** Starts a cluster of masters without replicas; the slots are divided evenly. Takes one to three seconds. */
export async function startRedisCluster(
  masters = 3,
  options: Omit<RedisOptions, 'tls'> = {},
): Promise<RedisCluster> {
  const ports: number[] = []
  for (let i = 0; i < masters; i++) ports.push(await freePort())
  const place = await placeForRedis(ports)
  const stop = () => place.machine.stop()
  try {
    const nodes = await Promise.all(
      ports.map((port) =>
        startRedisOn(place, port, {
          ...options,
          args: [
            ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`],
            ['--cluster-announce-ip', '127.0.0.1', '--cluster-node-timeout', '2000'],
            options.args ?? [],
          ].flat(),
        }),
      ),
    )
    await form(ports)
    return { nodes, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function form(ports: readonly number[]): Promise<void> {
  const first = ports[0] ?? 0
  for (const [i, port] of ports.entries()) {
    const from = Math.floor((SLOTS * i) / ports.length)
    const to = Math.floor((SLOTS * (i + 1)) / ports.length) - 1
    // Distinct epochs, else the nodes need a second of talk to agree on them.
    await must(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    await must(port, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    if (port !== first) await must(port, 'CLUSTER', 'MEET', '127.0.0.1', String(first))
  }
  for (const port of ports) {
    await until(`node ${port} to see the whole cluster`, async () => {
      const said = await respCommand({ port }, 'CLUSTER', 'INFO')
      return said.includes('cluster_state:ok') && said.includes(`cluster_size:${ports.length}`)
    })
  }
}

async function must(port: number, ...words: string[]): Promise<void> {
  const answer = await respCommand({ port }, ...words)
  if (answer !== '+OK') throw new Error(`${words.join(' ')}: ${answer}`)
}
