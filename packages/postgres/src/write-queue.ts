import { CacheError, checkCodec, checkKeys, checkName, expectation } from '@tierstack/cache-core'
import type {
  Codec,
  DeadWrite,
  PendingWrite,
  QueuedWrite,
  WriteQueue,
  WriteQueueHost,
} from '@tierstack/cache-core'
import { msgpack } from '@tierstack/cache-serializers'
import type { SqlClient } from './install-triggers.ts'
import { queueReady, queueSql, queueTables } from './queue-sql.ts'

export interface PostgresQueueOptions {
  /**
   * Where statements are run: a pool of `pg` by preference, which stays yours. It may be the pool of the source: then a
   * write and the source are as durable as each other.
   */
  readonly client: SqlClient
  /**
   * Name of the queue in errors and events.
   * @default 'postgres-queue'
   */
  readonly name?: string
  /**
   * Codec used when the cache is given none and has no remote tier.
   * @default msgpack()
   */
  readonly codec?: Codec
}

type Row = Readonly<Record<string, unknown>>
type Page = { readonly writes: readonly PendingWrite[]; readonly next: string | undefined }

class PostgresWriteQueue implements WriteQueue {
  readonly name: string
  readonly codec: Codec
  readonly #client: SqlClient
  #namespace = ''
  #ready: Promise<void> | undefined
  #closed = false

  constructor({ client, name, codec }: Required<PostgresQueueOptions>) {
    this.#client = client
    this.name = name
    this.codec = codec
  }

  open(host: WriteQueueHost): void {
    this.#namespace = host.namespace
  }

  async append(topic: string, writes: readonly QueuedWrite[]): Promise<void> {
    // One statement can't touch a row twice.
    const latest = new Map(writes.map(({ key, bytes }) => [key, bytes]))
    const keys = [...latest.keys()].map((key) => Buffer.from(key))
    await this.#ask(queueSql.append, topic, keys, [...latest.values()].map(bufferOf))
  }

  async pending(topic: string, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const rows = await this.#ask(
      queueSql.pending,
      topic,
      keys.map((key) => Buffer.from(key)),
    )
    const found = new Map(rows.map((row) => [Number(row['place']), row['bytes'] as Uint8Array]))
    return keys.map((_, i) => found.get(i + 1))
  }

  async take(
    topic: string,
    o: { readonly worker: string; readonly holdMs: number; readonly after: string; readonly limit: number },
  ): Promise<Page | undefined> {
    const held = await this.#ask(queueSql.hold, topic, o.worker, o.holdMs)
    if (held.length === 0) return undefined
    // Not in one statement: what was confirmed while it waited for the right would still be in its snapshot.
    const rows = await this.#ask(queueSql.page, topic, Number(o.after), o.limit)
    const writes = rows.map((row) => ({
      key: textOf(row['key']),
      token: shown(row['token']),
      bytes: row['bytes'] as Uint8Array,
      receipt: shown(row['place']),
    }))
    return { writes, next: writes.length === o.limit ? writes.at(-1)?.receipt : undefined }
  }

  async renew(topic: string, worker: string, holdMs: number): Promise<boolean> {
    return (await this.#ask(queueSql.renew, topic, worker, holdMs)).length > 0
  }

  async release(topic: string, worker: string): Promise<void> {
    await this.#ask(queueSql.renew, topic, worker, -1)
  }

  async confirm(topic: string, writes: readonly PendingWrite[]): Promise<void> {
    await this.#remove(queueSql.confirm, topic, writes)
  }

  async bury(topic: string, writes: readonly (PendingWrite & { readonly reason: string })[]): Promise<void> {
    await this.#remove(queueSql.bury, topic, writes)
  }

  async dead(topic: string, limit: number): Promise<readonly DeadWrite[]> {
    const rows = await this.#ask(queueSql.dead, topic, limit)
    return rows.map((row) => ({
      token: shown(row['token']),
      key: textOf(row['key']),
      bytes: row['bytes'] as Uint8Array,
      reason: String(row['reason']),
      at: Number(row['at']),
    }))
  }

  async discard(topic: string, tokens: readonly string[]): Promise<void> {
    await this.#ask(queueSql.discard, topic, tokens.map(Number))
  }

  async retry(topic: string, tokens: readonly string[]): Promise<void> {
    await this.#ask(queueSql.retry, topic, tokens.map(Number))
  }

  async state(topic: string): Promise<{
    readonly size: number
    readonly first: string | undefined
    readonly last: string | undefined
  }> {
    const [row] = await this.#ask(queueSql.state, topic)
    const number = (value: unknown) => (typeof value === 'string' ? shown(value) : undefined)
    return { size: Number(row?.['size']), first: number(row?.['first']), last: number(row?.['last']) }
  }

  close(): Promise<void> {
    this.#closed = true
    return Promise.resolve()
  }

  async #remove(
    sql: string,
    topic: string,
    writes: readonly (PendingWrite & { readonly reason?: string })[],
  ): Promise<void> {
    await this.#ask(
      sql,
      topic,
      writes.map(({ key }) => Buffer.from(key)),
      writes.map(({ token }) => Number(token)),
      // What PostgreSQL's texts can't hold.
      writes.map(({ reason }) => (reason ?? '').replaceAll('\0', '')),
    )
  }

  async #ask(sql: string, topic: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    if (this.#closed) throw new CacheError('CLOSED', `Expected \`${this.name}\` to be open, it was closed`)
    this.#ready ??= this.#prepare()
    try {
      await this.#ready
    } catch (error) {
      // Tried again by whoever asks next.
      this.#ready = undefined
      throw error
    }
    const scope = JSON.stringify([this.#namespace, topic])
    return (await this.#client.query(sql, [scope, ...values])).rows as readonly Row[]
  }

  async #prepare(): Promise<void> {
    const look = async () => (await this.#client.query(queueReady)).rows[0] as Row | undefined
    let found = await look()
    if (found?.['ready'] !== true) {
      try {
        // Several statements in one go are one transaction.
        await (this.#client.exec ? this.#client.exec(queueTables) : this.#client.query(queueTables))
      } catch (cause) {
        found = await look()
        if (found?.['ready'] !== true) {
          throw new CacheError(
            'TIER_UNAVAILABLE',
            `Expected the tables of the write queue in the schema \`tierstack\`, they could not be made (${(cause as Error).message}): let the owner of the database run \`writeQueueSql()\``,
            { cause },
          )
        }
      }
    }
    if (found?.['lasting'] === false) {
      throw new CacheError(
        'TIER_UNAVAILABLE',
        'Expected `synchronous_commit` to be on, it is off, and acknowledged writes could be lost: set it for this user or pool',
      )
    }
  }
}

/** The statements that make the tables of the write queue: to be run by an owner, where the application may not. Idempotent. */
export function writeQueueSql(): string {
  return queueTables
}

/** Padded: the order of the texts is that of the numbers. */
function shown(number: unknown): string {
  return String(number).padStart(19, '0')
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function textOf(value: unknown): string {
  return Buffer.from(value as Uint8Array).toString()
}

/**
 * A write queue in tables of a PostgreSQL database, for `writeQueue` of a cache: what it acknowledged was committed. Makes
 * its tables, in the schema `tierstack`, at the first use.
 *
 * @example
 * createCache({ namespace: 'shop', tiers: [memory()], writeQueue: postgresWriteQueue({ client: pool }) })
 */
export function postgresWriteQueue(options: PostgresQueueOptions): WriteQueue {
  checkKeys('postgresWriteQueue options', options, ['client', 'name', 'codec'])
  const { client, name = 'postgres-queue', codec = msgpack() } = options
  if (typeof client?.query !== 'function')
    throw expectation('client', 'a pool or client with `query`', client)
  checkName('name', name)
  checkCodec(codec)
  return new PostgresWriteQueue({ client, name, codec })
}
