import { startRedisCluster, until } from '@tierstack/test-services'
import type { RedisCluster, RedisServer } from '@tierstack/test-services'
import { requiredAcl } from '../src/index.ts'

/** Three masters, of which the last has a replica. */
export interface ReplicatedCluster extends AsyncDisposable {
  readonly urls: readonly string[]
  readonly master: RedisServer
  readonly replica: RedisServer
}

const slots = 16_384

/** Starts a Cluster of four masters and makes the last one a replica of the third, which gets its slots. */
export async function startReplicatedCluster(): Promise<ReplicatedCluster> {
  const cluster = await startRedisCluster(4, { rights: requiredAcl({ cluster: true }).rules })
  const [one, two, master, replica] = cluster.nodes
  if (!one || !two || !master || !replica) throw new Error('four nodes')
  const id = await replica.command('CLUSTER', 'MYID')
  await replica.command('CLUSTER', 'RESET', 'HARD')
  const rest = [one, two, master]
  for (const node of rest) await node.command('CLUSTER', 'FORGET', id)
  await master.command('CLUSTER', 'ADDSLOTSRANGE', String((slots * 3) / 4), String(slots - 1))
  await replica.command('CLUSTER', 'MEET', '127.0.0.1', String(one.port))
  const masterId = await master.command('CLUSTER', 'MYID')
  await until('the node to be a replica', async () => {
    await replica.command('CLUSTER', 'REPLICATE', masterId)
    return (await replica.command('INFO', 'replication')).includes('master_link_status:up')
  })
  for (const node of cluster.nodes) await settled(node, cluster)
  return {
    urls: rest.map(({ url }) => url),
    master,
    replica,
    [Symbol.asyncDispose]: () => cluster.stop(),
  }
}

async function settled(node: RedisServer, { nodes }: RedisCluster): Promise<void> {
  await until(`node ${node.port} to see the whole Cluster`, async () => {
    const said = await node.command('CLUSTER', 'INFO')
    const known = `cluster_known_nodes:${nodes.length}`
    return said.includes('cluster_state:ok') && said.includes('cluster_size:3') && said.includes(known)
  })
  await until(`node ${node.port} to know the replica`, async () =>
    (await node.command('CLUSTER', 'NODES')).includes('slave'),
  )
}
