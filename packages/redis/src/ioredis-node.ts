import { sameAccess } from './credentials.ts'
import type { Node, Reply, Subscriber, SubscriberHost, Word } from './port.ts'

/** What is called on a client of ioredis or iovalkey. */
export interface Io {
  readonly status: string
  readonly options: {
    readonly host?: string
    readonly port?: number
    readonly path?: string
    readonly tls?: unknown
    readonly password?: string | null
    readonly enableAutoPipelining?: boolean
    readonly sentinels?: readonly { readonly host?: string; readonly port?: number }[] | null
  }
  /** While there is a connection. */
  readonly stream?: { cork(): void; uncork(): void } | null
  callBuffer(command: string, ...words: unknown[]): Promise<unknown>
  pipeline(): IoPipeline
  duplicate(overrides: object): Io
  connect(): Promise<void>
  disconnect(reconnect?: boolean): void
  subscribe(...channels: string[]): Promise<unknown>
  ssubscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

interface IoPipeline {
  callBuffer(command: string, ...words: unknown[]): unknown
  exec(): Promise<readonly (readonly [Error | null, unknown])[] | null>
}

/** Where RESP2 connections are told of changed keys. The event of RESP3 doesn't come out of the client. */
const changes = Buffer.from('__redis__:invalidate')

/** Whether these TLS options, if any, refuse a server that can't prove who it is. */
export function verifies(tls: unknown): boolean {
  return (tls as { rejectUnauthorized?: unknown } | null | undefined)?.rejectUnauthorized !== false
}

/** Reconnects soon: whoever waits, waits for the server and not for us. */
export function retryStrategy(attempt: number): number {
  return Math.min(500, 50 * 2 ** Math.min(attempt - 1, 10))
}

/** Settings under which nothing waits in a queue, is sent twice, or outlives its connection. */
export const failFast: {
  readonly [option: string]: unknown
  readonly retryStrategy: (attempt: number) => number
} = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 1_000,
  disconnectTimeout: 100,
  enableAutoPipelining: false,
  retryStrategy,
}

/** Resolves once the client can be used; rejects when the attempt to connect that is under way fails. */
export function untilReady(client: Pick<Io, 'status' | 'connect' | 'on' | 'off'>): Promise<void> {
  if (client.status === 'ready') return Promise.resolve()
  return new Promise((resolve, reject) => {
    let cause: unknown
    const settle = (error?: unknown) => {
      client.off('ready', ready)
      client.off('close', failed)
      client.off('end', failed)
      client.off('error', noted)
      if (error === undefined) resolve()
      else reject(error)
    }
    const ready = () => settle()
    const noted = (error: unknown) => {
      cause = error
    }
    const failed = () => settle(cause ?? new Error('the connection to Redis was closed'))
    client.on('ready', ready)
    client.on('close', failed)
    client.on('end', failed)
    client.on('error', noted)
    if (client.status === 'wait') client.connect().catch(settle)
    else if (client.status === 'end') settle(new Error('the connection to Redis has ended'))
  })
}

/**
 * Connects a client again when it gives up for good, as long as it's wanted: ioredis ends a client that is dropped while
 * it asks the Sentinels for the master, and no retry strategy is asked then.
 */
export function keepAlive(client: Pick<Io, 'status' | 'connect' | 'on'>, wanted: () => boolean): void {
  client.on('end', () => {
    if (!wanted()) return
    setTimeout(() => {
      if (wanted() && client.status === 'end') client.connect().catch(() => {})
    }, retryStrategy(1)).unref()
  })
}

/** Commands that are written without a pipeline. */
const few = 4

export class IoRedisNode implements Node {
  readonly address: string
  readonly client: Io

  constructor(client: Io) {
    this.client = client
    const { host, port, path } = client.options
    this.address = path ?? `${host ?? 'localhost'}:${port ?? 6379}`
  }

  async send(commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> {
    const [only] = commands
    if (commands.length === 1 && only !== undefined) return [await this.#one(only)]
    const { stream, options } = this.client
    if (stream && commands.length <= few && options.enableAutoPipelining !== true)
      return await this.#corked(stream, commands)
    const pipeline = this.client.pipeline()
    for (const [name, ...words] of commands) pipeline.callBuffer(name as string, ...words.map(sendable))
    const results = (await pipeline.exec()) ?? []
    return results.map(([error, reply]) => (error === null ? (reply as Reply) : replyOrThrow(error)))
  }

  /** To make a pipeline costs the client more than a few commands. */
  #corked(
    stream: { cork(): void; uncork(): void },
    commands: readonly (readonly Word[])[],
  ): Promise<readonly Reply[]> {
    stream.cork()
    try {
      return Promise.all(commands.map((command) => this.#one(command)))
    } finally {
      stream.uncork()
    }
  }

  async #one(command: readonly Word[]): Promise<Reply> {
    // In a list, which the client flattens: to spread it would copy all of it twice more.
    const words: unknown[] = []
    for (let i = 1; i < command.length; i++) words.push(sendable(command[i] as Word))
    try {
      return (await this.client.callBuffer(command[0] as string, words)) as Reply
    } catch (error) {
      return replyOrThrow(error as Error)
    }
  }
}

/** An error that the server replied is an answer; any other means that there is none. */
function replyOrThrow(error: Error): Error {
  if (error.name === 'ReplyError') return error
  throw error
}

function sendable(word: Word): string | Buffer | number {
  if (typeof word !== 'object' || Buffer.isBuffer(word)) return word
  return Buffer.from(word.buffer, word.byteOffset, word.byteLength)
}

export class IoRedisSubscriber implements Subscriber {
  readonly #client: Io
  readonly #sharded: boolean
  #closed = false

  constructor(of: Io, host: SubscriberHost, sharded: boolean) {
    this.#sharded = sharded
    const client = of.duplicate({
      ...failFast,
      autoResubscribe: false,
      readOnly: false,
      ...(host.tracked ? { protocol: 2 } : {}),
    })
    this.#client = client
    client.on('error', () => {})
    client.on('ready', () => host.ready())
    client.on('close', () => {
      // Before the client connects again: the password may have been changed.
      sameAccess(of, client)
      host.lost()
    })
    client.on(sharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, message: unknown) => {
      if (channel.equals(changes)) host.changed(Array.isArray(message) ? (message as Buffer[]) : null)
      else host.message(channel.toString(), message as Buffer)
    })
    keepAlive(client, () => !this.#closed)
    client.connect().catch(() => {})
  }

  async reports(): Promise<number> {
    // A subscriber can't be asked for it any more.
    const id = Number(await this.#client.callBuffer('CLIENT', 'ID'))
    await this.#client.subscribe(changes.toString())
    return id
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    await (this.#sharded ? this.#client.ssubscribe(...channels) : this.#client.subscribe(...channels))
  }

  reconnect(): void {
    this.#client.disconnect(true)
  }

  close(): void {
    this.#closed = true
    this.#client.disconnect()
  }
}
