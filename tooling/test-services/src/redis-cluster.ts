import { freePort } from './free-port.ts'
import { placeForRedis } from './place.ts'
import { startRedisOn, type RedisOptions, type RedisServer } from './redis.ts'
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
    await form(nodes)
    return { nodes, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function form(nodes: readonly RedisServer[]): Promise<void> {
  const [first] = nodes
  for (const [i, node] of nodes.entries()) {
    const from = Math.floor((SLOTS * i) / nodes.length)
    const to = Math.floor((SLOTS * (i + 1)) / nodes.length) - 1
    // Distinct epochs, else the nodes need a second of talk to agree on them.
    await must(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    await must(node, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    if (first !== undefined && node !== first)
      await must(node, 'CLUSTER', 'MEET', '127.0.0.1', String(first.port))
  }
  for (const node of nodes) {
    await until(`node ${node.port} to see the whole cluster`, async () => {
      const said = await node.command('CLUSTER', 'INFO')
      return said.includes('cluster_state:ok') && said.includes(`cluster_size:${nodes.length}`)
    })
  }
}

async function must(node: RedisServer, ...words: string[]): Promise<void> {
  const answer = await node.command(...words)
  if (answer !== '+OK') throw new Error(`${words.join(' ')}: ${answer}`)
}
