import { lossEvents, NodeRedisNode, NodeRedisSubscriber, untilReady } from './node-redis-node.ts'
import type { NodeRedis } from './node-redis-node.ts'
import { reachOf } from './node-redis-port.ts'
import type { Node, Port, Subscriber, SubscriberHost } from './port.ts'

/** What is called on a Sentinel client of node-redis. */
export interface NodeRedisSentinels {
  readonly isOpen: boolean
  _execute<T>(readOnly: boolean, use: (client: NodeRedis) => Promise<T>): Promise<T>
  on(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

/**
 * The master that Sentinels name. Commands go to the master's own client: the Sentinel client would send them again to
 * the next master, of which nobody knows yet what it has.
 */
export class NodeRedisSentinelPort implements Port {
  readonly clustered = false
  readonly #sentinels: NodeRedisSentinels
  #node: NodeRedisNode | undefined
  #lost: ((error: unknown) => void) | undefined

  constructor(sentinels: NodeRedisSentinels) {
    this.#sentinels = sentinels
  }

  get reach(): Port['reach'] {
    return this.#node
      ? reachOf(this.#node.client)
      : { encrypted: true, verified: true, authenticated: true, hosts: [] }
  }

  open(lost: (error: unknown) => void): void {
    this.#lost = lost
    this.#sentinels.on('error', ignored)
    this.#sentinels.on('topology-change', this.#changed)
  }

  async ready(): Promise<void> {
    if (!this.#sentinels.isOpen) throw new Error('Expected `client` to be open: call its `connect()`')
    const client = await this.#sentinels._execute(false, (master) => Promise.resolve({ master }))
    const { master } = client
    if (master !== this.#node?.client) {
      this.#unhook()
      for (const event of lossEvents) master.on(event, this.#broken)
      this.#node = new NodeRedisNode(master)
    }
    await untilReady(master)
  }

  node(): Node | undefined {
    return this.#node
  }

  subscriber(node: Node, host: SubscriberHost): Subscriber {
    return new NodeRedisSubscriber((node as NodeRedisNode).client, host, false)
  }

  reconnect(): void {
    // Not ours.
  }

  close(): Promise<void> {
    this.#lost = undefined
    this.#unhook()
    this.#sentinels.off('topology-change', this.#changed)
    this.#sentinels.off('error', ignored)
    return Promise.resolve()
  }

  readonly #broken = (error?: unknown) => {
    this.#lost?.(error ?? new Error('the connection to Redis was closed'))
  }

  readonly #changed = (event: { readonly type?: string }) => {
    if (event.type === 'MASTER_CHANGE') this.#lost?.(new Error('the Sentinels name another master'))
  }

  #unhook(): void {
    for (const event of lossEvents) this.#node?.client.off(event, this.#broken)
  }
}

function ignored(): void {
  // The port reports what matters; without a listener the process would end.
}
