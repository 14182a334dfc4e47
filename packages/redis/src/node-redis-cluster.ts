import type { ClusterNode, ClusterView } from './cluster-port.ts'
import { lossEvents, NodeRedisNode, NodeRedisSubscriber, untilReady } from './node-redis-node.ts'
import type { NodeRedis } from './node-redis-node.ts'
import { reachOf } from './node-redis-port.ts'
import type { Port, Subscriber, SubscriberHost } from './port.ts'

/** What is called on a Cluster of node-redis. */
export interface NodeRedisClusterClient {
  readonly isOpen: boolean
  readonly slots: readonly ({ readonly master: object } | undefined)[]
  readonly masters: readonly { readonly client?: NodeRedis; readonly host?: string }[]
  nodeClient(master: object): Promise<NodeRedis> | NodeRedis
  sendCommand(firstKey: string, readOnly: boolean, words: readonly string[]): Promise<unknown>
  on(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

export class NodeRedisClusterView implements ClusterView {
  readonly #cluster: NodeRedisClusterClient

  constructor(cluster: NodeRedisClusterClient) {
    this.#cluster = cluster
  }

  get reach(): Port['reach'] {
    const [client] = this.#cluster.masters.flatMap((master) => (master.client ? [master.client] : []))
    return {
      encrypted: true,
      verified: true,
      authenticated: true,
      ...(client ? reachOf(client) : {}),
      hosts: this.#cluster.masters.map(({ host }) => host ?? 'localhost'),
    }
  }

  open(): void {
    this.#cluster.on('error', ignored)
  }

  /** The client learns of a moved slot by asking for a key in it, and only so. */
  async refresh(keys: readonly string[]): Promise<void> {
    if (!this.#cluster.isOpen) throw new Error('Expected `client` to be open: call its `connect()`')
    await Promise.all(keys.map((key) => this.#cluster.sendCommand(key, false, ['GET', key])))
  }

  async masterOf(slot: number): Promise<ClusterNode | undefined> {
    const shard = this.#cluster.slots[slot]
    return shard && new NodeRedisClusterNode(await this.#cluster.nodeClient(shard.master))
  }

  close(): Promise<void> {
    this.#cluster.off('error', ignored)
    return Promise.resolve()
  }
}

class NodeRedisClusterNode extends NodeRedisNode implements ClusterNode {
  ready(): Promise<void> {
    return untilReady(this.client)
  }

  onLoss(callback: (error: unknown) => void): () => void {
    const lost = (error?: unknown) =>
      callback(error ?? new Error(`the connection to ${this.address} was closed`))
    for (const event of lossEvents) this.client.on(event, lost)
    return () => {
      for (const event of lossEvents) this.client.off(event, lost)
    }
  }

  subscriber(host: SubscriberHost): Subscriber {
    return new NodeRedisSubscriber(this.client, host, true)
  }
}

function ignored(): void {
  // The port reports what matters; without a listener the process would end.
}
