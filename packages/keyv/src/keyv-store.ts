import { createHash } from 'node:crypto'
import { checkKeys, expectation } from '@tierstack/cache-core'

export interface KeyvStoreOptions {
  /**
   * Major version of the Keyv that the store is given to. 5 passes a relative ttl and wants one answer for many
   * deletes; 6 passes an instant and wants an answer for each.
   * @default 6
   */
  readonly keyv?: 5 | 6
}

/** The part of a cache that the store works on. */
export interface KeyvCachePart {
  get(key: string): Promise<unknown>
  getMany(keys: readonly string[]): Promise<readonly unknown[]>
  has(key: string): Promise<boolean>
  set(key: string, value: unknown, options: { readonly ttl: number }): Promise<void>
  delete(...keys: string[]): Promise<unknown>
  clear(): Promise<unknown>
}

/** What `createCache` returns, as far as it is used here. */
export interface KeyvCache {
  namespace(name: string, policy: KeyvPartPolicy): KeyvCachePart
}

/** Keyv decides alone when an entry ends; it must neither get a stale one nor share its objects with others. */
export interface KeyvPartPolicy {
  readonly swr: 0
  readonly staleIfError: 0
  readonly jitter: false
  readonly refreshAhead: false
  readonly idleTtl: number
  readonly isolation: 'clone'
}

/** What a storage adapter of Keyv 6 says of itself. */
export interface KeyvStoreCapabilities {
  readonly compatible: true
  readonly store: 'keyvStorage'
  readonly methods: Readonly<
    Record<string, { readonly exists: boolean; readonly methodType: 'async' | 'none' }>
  >
  /** Third arguments of `set` are instants. */
  readonly expires: true
}

/** The part of a storage adapter that both majors share. */
export interface KeyvStoreVerbs {
  /** Keys of different namespaces are apart. Set by Keyv. */
  namespace: string | undefined
  /** Used by Keyv 5 to hold its own options. */
  opts: Record<string, unknown>
  get<V>(key: string): Promise<V | undefined>
  getMany<V>(keys: string[]): Promise<(V | undefined)[]>
  has(key: string): Promise<boolean>
  hasMany(keys: string[]): Promise<boolean[]>
  set(key: string, value: unknown, expiry?: number): Promise<boolean>
  /** Resolves to whether there was an entry. */
  delete(key: string): Promise<boolean>
  /** Removes everything of the namespace, and nothing else of the cache. */
  clear(): Promise<void>
  /** Does nothing: the cache is closed by whoever made it. */
  disconnect(): Promise<void>
}

/** A chain as a storage adapter for Keyv 5. */
export interface Keyv5Store extends KeyvStoreVerbs {
  setMany(
    entries: readonly { readonly key: string; readonly value: unknown; readonly ttl?: number }[],
  ): Promise<void>
  /** Resolves to whether all of them were there. */
  deleteMany(keys: string[]): Promise<boolean>
  /** Keyv listens for errors here. There are none to report: a tier in trouble is a miss. */
  on(event: string, listener: (...args: unknown[]) => void): this
}

/** A chain as a storage adapter for Keyv 6. */
export interface Keyv6Store extends KeyvStoreVerbs {
  readonly capabilities: KeyvStoreCapabilities
  setMany(
    entries: readonly { readonly key: string; readonly value: unknown; readonly expires?: number }[],
  ): Promise<boolean[]>
  /** Resolves to whether each of them was there. */
  deleteMany(keys: string[]): Promise<boolean[]>
}

const methods = [
  'get',
  'getMany',
  'has',
  'hasMany',
  'set',
  'setMany',
  'delete',
  'deleteMany',
  'clear',
  'disconnect',
  'iterator',
]

const capabilities: KeyvStoreCapabilities = Object.freeze({
  compatible: true,
  store: 'keyvStorage',
  methods: Object.fromEntries(
    methods.map((name) => {
      const exists = name !== 'iterator'
      return [name, { exists, methodType: exists ? ('async' as const) : ('none' as const) }]
    }),
  ),
  expires: true,
})

const policy: KeyvPartPolicy = Object.freeze({
  swr: 0,
  staleIfError: 0,
  jitter: false,
  refreshAhead: false,
  idleTtl: Infinity,
  isolation: 'clone',
})

/** Instants before this one (the year 2001) are relative: Keyv 5 was given a store for Keyv 6. */
const earliestInstant = 1e12

class ChainStore implements KeyvStoreVerbs {
  namespace: string | undefined
  opts: Record<string, unknown> = {}
  readonly #cache: KeyvCache
  readonly #parts = new Map<string, KeyvCachePart>()

  constructor(cache: KeyvCache) {
    this.#cache = cache
  }

  async get<V>(key: string): Promise<V | undefined> {
    return (await this.#part().get(key)) as V | undefined
  }

  async getMany<V>(keys: string[]): Promise<(V | undefined)[]> {
    return (await this.#part().getMany(keys)) as (V | undefined)[]
  }

  async has(key: string): Promise<boolean> {
    return await this.#part().has(key)
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    const values = await this.#part().getMany(keys)
    return values.map((value) => value !== undefined)
  }

  async set(key: string, value: unknown, expiry?: number): Promise<boolean> {
    const ttl = lifeOf(expiry)
    if (ttl > 0) await this.#part().set(key, value, { ttl })
    else await this.#part().delete(key)
    return true
  }

  async delete(key: string): Promise<boolean> {
    const there = await this.has(key)
    // Even if nothing was found: a tier that can't be read just now may hold it.
    await this.#part().delete(key)
    return there
  }

  async deleteEach(keys: string[]): Promise<boolean[]> {
    const there = await this.hasMany(keys)
    await this.#part().delete(...keys)
    return there
  }

  async clear(): Promise<void> {
    await this.#part().clear()
  }

  disconnect(): Promise<void> {
    return Promise.resolve()
  }

  #part(): KeyvCachePart {
    const name = partName(this.namespace)
    const known = this.#parts.get(name)
    if (known) return known
    const part = this.#cache.namespace(name, policy)
    this.#parts.set(name, part)
    return part
  }
}

class ChainStore5 extends ChainStore implements Keyv5Store {
  async setMany(entries: Parameters<Keyv5Store['setMany']>[0]): Promise<void> {
    await Promise.all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)))
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    const there = await this.deleteEach(keys)
    return there.every(Boolean)
  }

  on(): this {
    return this
  }
}

class ChainStore6 extends ChainStore implements Keyv6Store {
  readonly capabilities: KeyvStoreCapabilities = capabilities

  async setMany(entries: Parameters<Keyv6Store['setMany']>[0]): Promise<boolean[]> {
    return await Promise.all(entries.map(({ key, value, expires }) => this.set(key, value, expires)))
  }

  async deleteMany(keys: string[]): Promise<boolean[]> {
    return await this.deleteEach(keys)
  }
}

/** Milliseconds of life, from an instant or from a relative ttl. */
function lifeOf(expiry: number | undefined | null): number {
  if (typeof expiry !== 'number' || Number.isNaN(expiry)) return Infinity
  return expiry >= earliestInstant ? expiry - Date.now() : expiry
}

/** The part of the cache for a Keyv namespace, which may be any text. */
function partName(namespace: string | undefined): string {
  if (namespace === undefined || namespace === '') return 'keyv'
  if (/^[\w.-]{1,50}$/.test(namespace)) return `keyv-${namespace}`
  return `keyv.${createHash('sha256').update(namespace).digest('base64url')}`
}

/**
 * A chain as the store of a Keyv: many programs and libraries take one, and so get memory in front of Redis,
 * removals that reach every process, and an outage that reads as a miss.
 *
 * Keyv's entries live in a part of the cache of their own, one per Keyv namespace; `clear()` concerns only that.
 * There is no iterator, because a chain can't list its keys. The cache stays the caller's to close.
 * @example
 * const keyv = new Keyv({ store: keyvStore(cache) })
 */
export function keyvStore(cache: KeyvCache, options?: { readonly keyv?: 6 }): Keyv6Store
export function keyvStore(cache: KeyvCache, options: { readonly keyv: 5 }): Keyv5Store
export function keyvStore(cache: KeyvCache, options: KeyvStoreOptions = {}): Keyv5Store | Keyv6Store {
  checkKeys('keyvStore options', options, ['keyv'])
  if (typeof cache?.namespace !== 'function') throw expectation('cache', 'what `createCache` returns', cache)
  const { keyv = 6 } = options
  if (keyv !== 5 && keyv !== 6) throw expectation('keyv', 'one of 5, 6', keyv)
  return keyv === 5 ? new ChainStore5(cache) : new ChainStore6(cache)
}
