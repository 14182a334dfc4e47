import type { Defined, EntryByKey } from './defined.ts'
import type { Removal } from './bus.ts'
import type { Cached, Definition } from './definition.ts'
import type { Duration } from './duration.ts'
import type { EraseOptions, Erasure } from './erase.ts'
import type { EventMap, EventName } from './events.ts'
import type { Explanation } from './explain.ts'
import type { KeyOf, KeyPart } from './key.ts'
import type { Loader } from './load-context.ts'
import type { Policy } from './policy.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { ReadOptions } from './read-options.ts'
import type { Receipt } from './remove.ts'
import type { CacheStats } from './stats.ts'
import type { Tracer } from './tracing.ts'

type Keyed = { readonly [key: string]: unknown }
type StringKey<S> = Extract<keyof S, string>

/** Policy of one call, and tags for what it stores. */
export type EntryOptions<N extends string = string> = Policy<N> & { readonly tags?: readonly string[] }

/** State of one tier as the cache sees it. */
export interface TierHealth {
  readonly state: 'up' | 'degraded' | 'down'
  /** Wall-clock instant (ms) since when. */
  readonly since: number
  readonly error: unknown
}

/** A `Definition` by another form: `key` and `tags` get the function's arguments. */
export interface WrapOptions<A extends readonly unknown[], V, N extends string> extends Policy<N> {
  readonly name: string
  readonly version?: number | string
  /** The arguments that matter. @default all of them */
  readonly key?: (...args: A) => KeyPart | readonly KeyPart[]
  readonly tags?: (value: V, ...args: A) => readonly string[]
}

/** A cached version of an existing function. */
export interface Wrapped<A extends readonly unknown[], V, N extends string> {
  (...args: A): Promise<V>
  peek(...args: A): Exclude<V, undefined> | undefined
  delete(...args: A): Promise<Receipt<N>>
  expire(...args: A): Promise<Receipt<N>>
  clear(): Promise<Receipt<N>>
  keyFor(...args: A): string
}

/**
 * A chain of tiers behind one interface. Everything returns promises but `peek`. Cache trouble never reaches a
 * reader; loader errors always do, as the same object to all who wait for the load.
 */
export interface Cache<S extends object = Keyed, N extends string = string> extends AsyncDisposable {
  /** The value, stale ones within `swr` included, or undefined. Never loads. */
  get<K extends StringKey<S>>(key: K, options?: ReadOptions<N>): Promise<S[K] | undefined>
  /** The value if a local tier has it, synchronously; stale ones within `swr` included, or within `maxStale`. */
  peek<K extends StringKey<S>>(key: K, options?: { readonly maxStale?: number }): S[K] | undefined
  /** The value, loaded when missing. Many callers share one load, also across processes. */
  getOrSet<K extends StringKey<S>, V extends S[K]>(
    key: K,
    load: Loader<V>,
    options?: EntryOptions<N> & ReadOptions<N>,
  ): Promise<V>
  /** Values in the order of the keys; one batched read per remote tier. */
  getMany<const K extends readonly StringKey<S>[]>(
    keys: K,
    options?: ReadOptions<N>,
  ): Promise<{ -readonly [I in keyof K]: S[K[I]] | undefined }>
  /** As `getOrSet` for many keys; `load` gets only the missing ones, once. */
  getOrSetMany<K extends StringKey<S>, V extends S[K]>(
    keys: readonly K[],
    load: (
      missing: readonly K[],
      context: { readonly signal: AbortSignal },
    ) => MaybePromise<readonly (V | undefined)[] | ReadonlyMap<K, V>>,
    options?: EntryOptions<N> & ReadOptions<N>,
  ): Promise<(V | undefined)[]>
  /** Stores. Wins over loads that are running, in every process. */
  set<K extends StringKey<S>>(key: K, value: S[K], options?: EntryOptions<N>): Promise<void>
  setMany<K extends StringKey<S>>(
    entries: Iterable<readonly [K, S[K]]>,
    options?: EntryOptions<N>,
  ): Promise<void>
  /** Whether `get` would find something. */
  has(key: StringKey<S>): Promise<boolean>
  /** Removes. After the receipt no reader in this process gets the old value, from any tier. */
  delete(...keys: StringKey<S>[]): Promise<Receipt<N>>
  /** Soft removal: entries count as expired, but serve within `swr` and `staleIfError`. */
  expire(...keys: StringKey<S>[]): Promise<Receipt<N>>
  /** Invalidates every entry that carries one of the tags, definitions' too, whatever namespace they are in. */
  invalidateTags(tags: string | readonly string[], options?: { readonly soft?: boolean }): Promise<Receipt<N>>
  /**
   * Erases what is cached of a subject, by the tags that its entries carry, and waits until every tier has confirmed
   * that or `timeout` (default 10 s) has passed. At once, whatever transaction the caller is in. Resolves to a receipt
   * worth keeping; never rejects for a tier that doesn't answer: look at `complete`.
   *
   * Nobody is given an entry of the subject any more. The bytes of it that Redis and other processes' memory hold are
   * unreachable, and go at the end of their life; where that isn't enough, seal them and destroy the key.
   */
  erase(tags: string | readonly string[], options?: EraseOptions): Promise<Erasure<N>>
  /** Removes the raw keys under a prefix of whole segments: `'user:123:*'`. O(1), no scan, reaches every process. */
  deletePattern(pattern: string): Promise<Receipt<N>>
  /**
   * Removes all entries of this namespace, in O(1). In a cache with tenants those of the caller's tenant, or with
   * `everyTenant` those of all.
   */
  clear(options?: { readonly everyTenant?: boolean }): Promise<Receipt<N>>
  /** Runs `work`, and whatever it starts, for one tenant, in a cache with the option `tenant`. */
  withTenant<R>(tenant: string, work: () => R): R
  /** Commits a write to the source, announced to all tiers before, removed after: see `Cached.write`. */
  write<R>(keys: StringKey<S> | readonly StringKey<S>[], commit: () => MaybePromise<R>): Promise<R>

  define<K extends KeyOf, V>(definition: Definition<K, V, N>): Cached<K, V, N>
  /** A cached version of an existing function: its arguments are the key. */
  wrap<F extends (...args: never[]) => unknown>(
    fn: F,
    options: WrapOptions<Parameters<F>, Awaited<ReturnType<F>>, N>,
  ): Wrapped<Parameters<F>, Awaited<ReturnType<F>>, N>
  /** A part of this cache with keys of its own; `clear()` there concerns only it. Tags are shared by all parts. */
  namespace<T extends object = S>(name: string, policy?: Policy<N>): Cache<T, N>
  /** The same cache with a table of key types. */
  typed<T extends object>(): Cache<T, N>
  /** Runs a transaction: removals inside are applied after it, dropped when it throws; reads inside bypass the cache. */
  deferred<R>(work: () => MaybePromise<R>): Promise<R>

  /**
   * Removes what a committed change concerns, at once, whatever transaction the caller is in: for change feeds and
   * database adapters. Keys are whole ones, as `keyFor` gives them. Never rejects with `REMOVAL_QUEUED`: look at the
   * receipt. `origin` is what `invalidate` events say; default `'db'`.
   */
  changed(removal: Removal, options?: { readonly origin?: 'local' | 'db' }): Promise<Receipt<N>>

  /** Where a raw key is and why it is fresh or not. */
  explain(key: StringKey<S>): Promise<Explanation<N>>
  /** The same by full key, as events and `keyFor` name it; a definition's entries too. */
  byKey(key: string): EntryByKey<N>
  /** All definitions made so far, those of namespaces too. */
  definitions(): readonly Defined[]
  stats(): CacheStats
  /** Lets a tracer follow what happens beyond the local tiers, one at a time. Returns the function that stops it. */
  trace(tracer: Tracer): () => void
  /** Listens. Returns the function that stops it. A listener that throws breaks nothing. */
  on<E extends EventName>(event: E, listener: (event: EventMap[E]) => void): () => void
  health(): Promise<{ readonly [K in N]: TierHealth }>
  /** Waits for background work; resolves to how many were still running after `timeout` (default 5 s). */
  drain(options?: { readonly timeout?: Duration }): Promise<number>
  /** Drains, then closes tiers and buses. Idempotent. */
  close(): Promise<void>
}
