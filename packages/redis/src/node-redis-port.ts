import { verifies } from './ioredis-node.ts'
import { lossEvents, NodeRedisNode, NodeRedisSubscriber, untilReady } from './node-redis-node.ts'
import type { NodeRedis } from './node-redis-node.ts'
import type { Node, Port, Subscriber, SubscriberHost } from './port.ts'

/** One server through a client of node-redis. */
export class NodeRedisPort implements Port {
  readonly clustered = false
  readonly #client: NodeRedis
  readonly #node: NodeRedisNode
  #lost: ((error: unknown) => void) | undefined

  constructor(client: NodeRedis) {
    this.#client = client
    this.#node = new NodeRedisNode(client)
  }

  get reach(): Port['reach'] {
    return reachOf(this.#client)
  }

  open(lost: (error: unknown) => void): void {
    this.#lost = lost
    for (const event of lossEvents) this.#client.on(event, this.#broken)
  }

  ready(): Promise<void> {
    return untilReady(this.#client)
  }

  node(): Node {
    return this.#node
  }

  subscriber(_node: Node, host: SubscriberHost): Subscriber {
    return new NodeRedisSubscriber(this.#client, host, false)
  }

  reconnect(): void {
    // Not ours.
  }

  close(): Promise<void> {
    this.#lost = undefined
    for (const event of lossEvents) this.#client.off(event, this.#broken)
    return Promise.resolve()
  }

  readonly #broken = (error?: unknown) => {
    this.#lost?.(error ?? new Error('the connection to Redis was closed'))
  }
}

export function reachOf({ options }: NodeRedis): Port['reach'] {
  const url = options?.url !== undefined && URL.canParse(options.url) ? new URL(options.url) : undefined
  return {
    encrypted: options?.socket?.tls === true || url?.protocol === 'rediss:',
    verified: verifies(options?.socket),
    authenticated: Boolean(options?.password || options?.credentialsProvider || url?.password),
    hosts: [options?.socket?.path ?? options?.socket?.host ?? url?.hostname ?? 'localhost'],
  }
}
