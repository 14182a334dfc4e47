import { retryStrategy } from './ioredis-node.ts'
import type { Node, Reply, Subscriber, SubscriberHost, Word } from './port.ts'

/** What is called on a client of node-redis. */
export interface NodeRedis {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: {
    readonly url?: string
    readonly password?: string
    readonly credentialsProvider?: unknown
    readonly socket?: {
      readonly host?: string
      readonly port?: number
      readonly path?: string
      readonly tls?: boolean
    }
  }
  sendCommand(words: readonly (string | Buffer)[], options: object): Promise<unknown>
  duplicate(overrides: object): NodeRedis
  connect(): Promise<unknown>
  destroy(): void
  subscribe(channels: readonly string[], listener: Listener, buffers: true): Promise<unknown>
  sSubscribe(channels: readonly string[], listener: Listener, buffers: true): Promise<unknown>
  on(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

type Listener = (message: Buffer, channel: Buffer) => void

/**
 * `$` is the type of bulk strings. The default time limit of version 6 would make an AbortSignal for every command,
 * which halves what goes through; the chain has a time limit of its own.
 */
const asBytes = { typeMapping: { 36: Buffer }, timeout: undefined }

export const lossEvents = ['error', 'reconnecting', 'end'] as const

/** Resolves once the client can be used; rejects when the attempt to connect that is under way fails. */
export function untilReady(client: NodeRedis): Promise<void> {
  if (client.isReady) return Promise.resolve()
  if (!client.isOpen) return Promise.reject(new Error('Expected `client` to be open: call its `connect()`'))
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      client.off('ready', ready)
      client.off('error', failed)
      client.off('end', ended)
      if (error === undefined) resolve()
      else reject(error)
    }
    const ready = () => settle()
    const failed = (error: unknown) => settle(error ?? new Error('the connection to Redis failed'))
    const ended = () => settle(new Error('the connection to Redis has ended'))
    client.on('ready', ready)
    client.on('error', failed)
    client.on('end', ended)
  })
}

export class NodeRedisNode implements Node {
  readonly address: string
  readonly client: NodeRedis

  constructor(client: NodeRedis) {
    this.client = client
    const { host, port, path } = client.options?.socket ?? {}
    this.address = path ?? `${host ?? 'localhost'}:${port ?? 6379}`
  }

  /** The client writes what is asked in one tick in one go. */
  send(commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> {
    return Promise.all(commands.map((words) => this.#one(words)))
  }

  async #one(words: readonly Word[]): Promise<Reply> {
    try {
      return (await this.client.sendCommand(words.map(sendable), asBytes)) as Reply
    } catch (error) {
      if (isReply(error)) return error
      throw error
    }
  }
}

/** An error that the server replied is an answer; any other means that there is none. */
function isReply(error: unknown): error is Error {
  for (let type: unknown = error; type instanceof Error; type = Object.getPrototypeOf(type)) {
    if (type.constructor.name === 'ErrorReply') return true
  }
  return false
}

function sendable(word: Word): string | Buffer {
  if (typeof word === 'string') return word
  if (typeof word === 'number') return String(word)
  return Buffer.isBuffer(word) ? word : Buffer.from(word.buffer, word.byteOffset, word.byteLength)
}

export class NodeRedisSubscriber implements Subscriber {
  readonly #of: NodeRedis
  readonly #host: SubscriberHost
  readonly #sharded: boolean
  #client: NodeRedis

  constructor(of: NodeRedis, host: SubscriberHost, sharded: boolean) {
    this.#of = of
    this.#host = host
    this.#sharded = sharded
    this.#client = this.#connect()
  }

  async reports(): Promise<number> {
    return Number(await this.#client.sendCommand(['CLIENT', 'ID'], {}))
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    const client = this.#client
    if (this.#sharded) await client.sSubscribe(channels, this.#listener, true)
    else await client.subscribe(channels, this.#listener, true)
  }

  reconnect(): void {
    this.#end()
    this.#host.lost()
    this.#client = this.#connect()
  }

  close(): void {
    this.#end()
  }

  readonly #listener: Listener = (message, channel) => this.#host.message(channel.toString(), message)

  #connect(): NodeRedis {
    const client = this.#of.duplicate({
      disableOfflineQueue: true,
      ...(this.#host.tracked ? { RESP: 3, emitInvalidate: true, clientSideCache: undefined } : {}),
      socket: { ...this.#of.options?.socket, connectTimeout: 1_000, reconnectStrategy: reconnectStrategy },
    })
    const current = (callback: () => void) => () => {
      if (client === this.#client) callback()
    }
    client.on('invalidate', (name: Uint8Array | null) => {
      if (client === this.#client) this.#host.changed(name === null ? null : [name])
    })
    client.on(
      'ready',
      current(() => this.#host.ready()),
    )
    for (const event of lossEvents)
      client.on(
        event,
        current(() => this.#host.lost()),
      )
    // After the return, when `#client` is this one.
    queueMicrotask(() => {
      client.connect().catch(() => {})
    })
    return client
  }

  #end(): void {
    try {
      this.#client.destroy()
    } catch {
      // It had ended already.
    }
  }
}

function reconnectStrategy(retries: number): number {
  return retryStrategy(retries + 1)
}
