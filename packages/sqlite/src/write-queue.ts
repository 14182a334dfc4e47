import { setTimeout as sleep } from 'node:timers/promises'
import { CacheError, checkCodec, checkKeys, checkName, expectation } from '@tierstack/cache-core'
import type {
  Clock,
  Codec,
  DeadWrite,
  PendingWrite,
  QueuedWrite,
  WriteQueue,
  WriteQueueHost,
} from '@tierstack/cache-core'
import { msgpack } from '@tierstack/cache-serializers'
import { failureOf, unavailable } from './failure.ts'
import { checkPath, memoryPath } from './options.ts'
import { QueueFile } from './queue-file.ts'
import type { Right } from './queue-file.ts'
import { WatchedRights } from './watched-rights.ts'

export interface SqliteQueueOptions {
  /**
   * The file, which belongs to the queue alone; made, with its folder, when missing. Must be on a local disk. Every
   * process that opens the same file shares its writes. Not the file of a `sqlite` tier, which may be thrown away.
   */
  readonly path: string
  /**
   * Name of the queue in errors and events.
   * @default 'sqlite-queue'
   */
  readonly name?: string
  /**
   * Codec used when the cache is given none and has no remote tier.
   * @default msgpack()
   */
  readonly codec?: Codec
}

/** Waits between attempts while another process is writing, ms. */
const backoff = [1, 2, 4, 8, 16, 32, 64, 64]

class SqliteWriteQueue implements WriteQueue {
  readonly name: string
  readonly codec: Codec
  readonly #path: string
  #namespace = ''
  #clock: Clock | undefined
  #rights: WatchedRights | undefined
  #file: QueueFile | undefined
  #closed = false

  constructor({ path, name, codec }: Required<SqliteQueueOptions>) {
    this.#path = path
    this.name = name
    this.codec = codec
  }

  open(host: WriteQueueHost): void {
    this.#namespace = host.namespace
    this.#clock = host.clock
    this.#rights = new WatchedRights(host.clock)
  }

  append(topic: string, writes: readonly QueuedWrite[]): Promise<void> {
    return this.#run((file) => file.append(this.#scope(topic), writes))
  }

  pending(topic: string, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#run((file) => file.pending(this.#scope(topic), keys))
  }

  take(
    topic: string,
    o: { readonly worker: string; readonly holdMs: number; readonly after: string; readonly limit: number },
  ): Promise<{ readonly writes: readonly PendingWrite[]; readonly next: string | undefined } | undefined> {
    const rights = this.#rights as WatchedRights
    const stands = (right: Right) => rights.stands(topic, right, o.holdMs)
    return this.#run((file) => file.take(this.#scope(topic), { ...o, now: this.#wall(), stands }))
  }

  renew(topic: string, worker: string, holdMs: number): Promise<boolean> {
    return this.#run((file) => file.renew(this.#scope(topic), worker, this.#wall() + holdMs))
  }

  async release(topic: string, worker: string): Promise<void> {
    await this.#run((file) => file.renew(this.#scope(topic), worker, 0))
  }

  confirm(topic: string, writes: readonly PendingWrite[]): Promise<void> {
    return this.#run((file) => file.confirm(this.#scope(topic), writes))
  }

  bury(topic: string, writes: readonly (PendingWrite & { readonly reason: string })[]): Promise<void> {
    return this.#run((file) => file.bury(this.#scope(topic), writes, this.#wall()))
  }

  dead(topic: string, limit: number): Promise<readonly DeadWrite[]> {
    return this.#run((file) => file.dead(this.#scope(topic), limit))
  }

  discard(topic: string, tokens: readonly string[]): Promise<void> {
    return this.#run((file) => file.discard(this.#scope(topic), tokens))
  }

  retry(topic: string, tokens: readonly string[]): Promise<void> {
    return this.#run((file) => file.retry(this.#scope(topic), tokens))
  }

  state(topic: string): Promise<{
    readonly size: number
    readonly first: string | undefined
    readonly last: string | undefined
  }> {
    return this.#run((file) => file.state(this.#scope(topic)))
  }

  close(): Promise<void> {
    this.#closed = true
    this.#file?.close()
    this.#file = undefined
    return Promise.resolve()
  }

  #scope(topic: string): string {
    return JSON.stringify([this.#namespace, topic])
  }

  #wall(): number {
    return (this.#clock as Clock).wall()
  }

  /** Runs a step in a transaction, again and again for a while when another process is writing. */
  async #run<T>(step: (file: QueueFile) => T): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new CacheError('CLOSED', `Expected \`${this.#path}\` to be open, it was closed`)
      try {
        this.#file ??= new QueueFile(this.#path)
        const file = this.#file
        return file.transaction(() => step(file))
      } catch (error) {
        const kind = failureOf(error)
        if (kind === undefined) throw error
        const wait = backoff[attempt]
        if (kind === 'busy' && wait !== undefined) {
          await sleep(wait)
          continue
        }
        // Opened anew by whoever asks next. What is there is never moved aside: it may hold acknowledged writes.
        if (kind === 'corrupt' || kind === 'lost') {
          this.#file?.close()
          this.#file = undefined
        }
        throw unavailable(this.#path, kind, error)
      }
    }
  }
}

/**
 * A write queue in a SQLite file, for `writeQueue` of a cache whose processes run on one host. What it acknowledged is on
 * the disk (`synchronous = FULL`): it survives a kill of the process, and a power cut as far as the disk keeps its word.
 *
 * @example
 * createCache({ namespace: 'shop', tiers: [memory()], writeQueue: sqliteWriteQueue({ path: 'data/writes.sqlite' }) })
 */
export function sqliteWriteQueue(options: SqliteQueueOptions): WriteQueue {
  checkKeys('sqliteWriteQueue options', options, ['path', 'name', 'codec'])
  const { name = 'sqlite-queue', codec = msgpack() } = options
  checkName('name', name)
  checkCodec(codec)
  const path = checkPath(options.path)
  if (path === memoryPath) throw expectation('path', 'the path of a file, as writes have to last', path)
  return new SqliteWriteQueue({ path, name, codec })
}
