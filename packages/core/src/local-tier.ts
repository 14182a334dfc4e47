import type { Clock } from './clock.ts'
import type { LocalEntry } from './entry.ts'

/**
 * A place in the chain that lives in this process: synchronous, holds live values.
 *
 * A local tier knows nothing of freshness: it keeps what it is given until somebody deletes it or space runs
 * out. The chain decides whether an entry may be served.
 */
export interface LocalTier<N extends string = string> {
  readonly kind: 'local'
  readonly name: N
  /** Called once, when a cache is built on the tier. Throws when the tier already serves another cache. */
  open(host: LocalHost): void
  /**
   * The entry, counted as a use by the eviction policy. `input`: what the key was made of, where that is at hand; a tier
   * that keeps keys in parts then needn't take the key apart.
   */
  get(key: string, input?: unknown): LocalEntry | undefined
  /** The entry, without counting as a use. */
  inspect(key: string): LocalEntry | undefined
  /** Keeps what `seen`, `soft`, `quickUntil` and `usedAt` of an entry just taken from here have become. Not a use. */
  amend(key: string, entry: LocalEntry): void
  /** The entries whose keys begin with `prefix`, for the hottest path; `noShelf` where the tier has none. */
  shelf(prefix: string): Shelf
  /** Returns false when the entry is too large for the tier and was therefore not kept (an old one is dropped). */
  set(key: string, entry: LocalEntry): boolean
  /** Returns whether there was an entry. */
  delete(key: string): boolean
  clear(): void
  /** Keys, in no particular order. Safe against changes while iterating. */
  keys(): Iterable<string>
  /** Number of entries. */
  readonly size: number
  /** Estimated bytes held, keys included. */
  readonly bytes: number
}

/**
 * The entries of a local tier that share the beginning of their keys, addressed by the input that tells them apart
 * (`splitKey`), so that a hit needn't build a key. Places are numbers and good until the tier is changed.
 */
export interface Shelf {
  /**
   * Place of the entry for an input, if a hit on it needs no second look: `now` is before its `quickUntil`, and it was
   * `seen` at `marked` or later. Counted as a use. Negative when there is none such: -1 where there is no entry at all,
   * -2 where there may be one. Allocates nothing.
   */
  find(input: unknown, now: number, marked: number): number
  value(place: number): unknown
  loadMs(place: number): number
}

/** For tiers without a short path: finds nothing, so that every read takes the long one. */
export const noShelf: Shelf = {
  find: () => -2,
  value: () => undefined,
  loadMs: () => 0,
}

/** What a local tier gets from the cache that it serves. */
export interface LocalHost {
  readonly clock: Clock
  /** Reports an entry that the tier dropped on its own: for space, or because it had expired. `key` builds its key, at any time later. */
  evicted(key: () => string, cause: 'size' | 'expired'): void
}
