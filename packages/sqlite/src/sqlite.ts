import { CacheError } from '@tierstack/cache-core'
import type {
  Codec,
  Coherence,
  FrameWrite,
  RemoteCapabilities,
  RemoteHost,
  RemoteTier,
  StoredFrame,
  WriteOutcome,
} from '@tierstack/cache-core'
import { SqliteCoherence } from './coherence.ts'
import { DatabaseFile } from './database-file.ts'
import { memoryPath, resolveOptions } from './options.ts'
import type { ResolvedOptions, SqliteOptions } from './options.ts'
import { PollingBus } from './polling-bus.ts'
import { randomToken } from './random-token.ts'
import { Sweeper } from './sweeper.ts'

/** A remote tier in a SQLite file. */
export interface SqliteTier<N extends string = string> extends RemoteTier<N> {
  readonly coherence: Coherence
}

/** What exists once the tier serves a cache. */
interface Serving {
  readonly host: RemoteHost
  readonly file: DatabaseFile
  readonly sweeper: Sweeper
}

class SqliteFileTier implements SqliteTier {
  readonly kind = 'remote'
  readonly name: string
  readonly capabilities: RemoteCapabilities
  readonly codec: Codec
  readonly coherence: SqliteCoherence
  readonly #options: ResolvedOptions
  readonly #bus: PollingBus
  #serving: Serving | undefined

  constructor(given: SqliteOptions) {
    const options = resolveOptions(given)
    const { path, name, codec, maxValueBytes, poll } = options
    this.name = name
    this.codec = codec
    this.capabilities = Object.freeze({ shared: path === memoryPath ? 'process' : 'host', maxValueBytes })
    this.#options = options
    const file = (): DatabaseFile => this.#must().file
    this.#bus = new PollingBus(file, poll)
    this.coherence = new SqliteCoherence(file, () => this.#must().host.clock, this.#bus, maxValueBytes)
  }

  open(host: RemoteHost): void {
    if (this.#serving !== undefined) {
      throw new CacheError(
        'INVALID_CHAIN',
        `Expected the tier \`${this.name}\` to serve one cache, it serves one already: make a tier for each`,
      )
    }
    const { path, maxBytes, tagTtl } = this.#options
    const { namespace } = host
    const file = new DatabaseFile({ path, namespace, origin: randomToken(), maxBytes, tagTtl }, host)
    this.#serving = { host, file, sweeper: new Sweeper(file, host.clock) }
  }

  async hello(): Promise<string> {
    const { history } = await this.#must().file.open()
    // At once: until the first look, the bus vouches for nothing.
    this.#bus.poll()
    return history
  }

  read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    const { file, host } = this.#must()
    return file.ask(({ entries }) => {
      const now = host.clock.wall()
      return keys.map((key) => entries.read(host.namespace, key, now))
    })
  }

  write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]> {
    const { file, host } = this.#must()
    return file.ask((opened) =>
      opened.transaction(() => {
        const { epoch } = opened.namespace.state()
        return items.map((item): WriteOutcome => {
          if (item.bytes.length > this.capabilities.maxValueBytes) return 'too-large'
          opened.entries.put(epoch, item)
          opened.space.trim(host.clock.wall())
          return 'stored'
        })
      }),
    )
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.coherence.remove({ kind: 'keys', keys, soft: false }, (opened) => {
      const { epoch } = opened.namespace.state()
      for (const key of keys) {
        opened.entries.drop(epoch, key)
        opened.intents.touch(epoch, key)
      }
    })
  }

  clear(): Promise<void> {
    return this.coherence.remove({ kind: 'all' }, (opened) => opened.namespace.retire())
  }

  async close(): Promise<void> {
    await this.#bus.close()
    this.#serving?.sweeper.stop()
    this.#serving?.file.close()
  }

  #must(): Serving {
    if (this.#serving === undefined) {
      throw new CacheError(
        'TIER_UNAVAILABLE',
        `Expected the tier \`${this.name}\` to serve a cache, it serves none`,
      )
    }
    return this.#serving
  }
}

/**
 * A remote tier in a file, shared by the processes of this host, on the SQLite that is built into Node.
 *
 * Fenced like a server: leases, compare-and-set fills, removals that every process learns of within `poll`. Works
 * without any set-up; the file survives the processes, and is begun anew after a restart of the machine. One tier
 * serves one cache.
 * @example
 * const cache = createCache({ namespace: 'shop', tiers: [memory(), sqlite({ path: 'cache.db' })] })
 */
export function sqlite(options: SqliteOptions & { readonly name?: undefined }): SqliteTier<'sqlite'>
export function sqlite<const N extends string>(options: SqliteOptions & { readonly name: N }): SqliteTier<N>
export function sqlite(options: SqliteOptions): SqliteTier
export function sqlite(options: SqliteOptions): SqliteTier {
  return new SqliteFileTier(options)
}
