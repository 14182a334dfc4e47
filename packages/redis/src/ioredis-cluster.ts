import type { ClusterNode, ClusterView } from './cluster-port.ts'
import { IoRedisNode, IoRedisSubscriber, untilReady, verifies } from './ioredis-node.ts'
import type { Io } from './ioredis-node.ts'
import type { Port, Subscriber, SubscriberHost } from './port.ts'

/** What is called on a Cluster of ioredis or iovalkey. */
export interface IoCluster {
  readonly status: string
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(role: 'master'): Io[]
  refreshSlotsCache(callback: (error?: unknown) => void): void
  connect(): Promise<void>
  disconnect(): void
  on(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

export class IoRedisClusterView implements ClusterView {
  readonly #cluster: IoCluster
  readonly #own: boolean

  constructor(cluster: IoCluster, own: boolean) {
    this.#cluster = cluster
    this.#own = own
  }

  get reach(): Port['reach'] {
    const options = this.#cluster.nodes('master').map((node) => node.options)
    return {
      encrypted: options.every(({ tls }) => tls !== undefined && tls !== null),
      verified: options.every(({ tls }) => verifies(tls)),
      authenticated: options.every(({ password }) => typeof password === 'string' && password !== ''),
      hosts: options.map(({ host }) => host ?? 'localhost'),
    }
  }

  open(): void {
    this.#cluster.on('error', ignored)
    if (this.#own) this.#cluster.connect().catch(ignored)
  }

  async refresh(): Promise<void> {
    await untilReady(this.#cluster)
    await new Promise<void>((resolve, reject) => {
      this.#cluster.refreshSlotsCache((error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  masterOf(slot: number): Promise<ClusterNode | undefined> {
    const name = this.#cluster.slots[slot]?.[0]
    const client = this.#cluster
      .nodes('master')
      .find(({ options }) => `${options.host}:${options.port}` === name)
    return Promise.resolve(client && new IoRedisClusterNode(client))
  }

  close(): Promise<void> {
    if (this.#own) this.#cluster.disconnect()
    else this.#cluster.off('error', ignored)
    return Promise.resolve()
  }
}

class IoRedisClusterNode extends IoRedisNode implements ClusterNode {
  ready(): Promise<void> {
    return untilReady(this.client)
  }

  onLoss(callback: (error: unknown) => void): () => void {
    const lost = () => callback(new Error(`the connection to ${this.address} was closed`))
    this.client.on('close', lost)
    this.client.on('end', lost)
    return () => {
      this.client.off('close', lost)
      this.client.off('end', lost)
    }
  }

  subscriber(host: SubscriberHost): Subscriber {
    return new IoRedisSubscriber(this.client, host, true)
  }
}

function ignored(): void {
  // The port reports what matters.
}
