import type { Bus } from './bus.ts'
import type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts'

/**
 * The verbs by which several processes agree on one store. Every verb is one round trip per node, and atomic
 * per key.
 *
 * The idea (leases: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013): a miss leaves a lease in the
 * entry's own key; a fill may only replace exactly that lease; a removal deletes the key and with it every lease.
 * Absence never equals a lease, so expiry, eviction and a flush can only cause a refused fill, never a stale one.
 */
export interface Coherence {
  /** The channel by which the tier's removals reach other processes. */
  readonly bus: Bus
  /**
   * Reads, and leaves a lease of `holdMs` where nothing is. `tagClock` is taken before any of the reads: see
   * `stampTags`. Asked for only when `wantTagClock`; else it may be empty.
   */
  lease(
    keys: readonly string[],
    holdMs: number,
    wantTagClock: boolean,
  ): Promise<{ readonly reads: readonly LeaseRead[]; readonly tagClock: string }>
  /**
   * Leases keys that hold a stale frame, which stays readable meanwhile. Refused (undefined) when the frame is not
   * the one with `stamp` any more or somebody else has claimed it.
   */
  claim(
    items: readonly { readonly key: string; readonly stamp: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]>
  /** Removes what is there, announces that, and gives the lease: for an explicit `set`. Refused during a `write()`. */
  take(keys: readonly string[], holdMs: number): Promise<readonly (Fence | undefined)[]>
  /** Compare and set: stores only where exactly this fence still stands. Wakes those who wait for the key. */
  fill(items: readonly (FrameWrite & { readonly fence: Fence })[]): Promise<readonly WriteOutcome[]>
  /** Extends leases that still stand; others are left alone. */
  renew(items: readonly { readonly key: string; readonly fence: Fence }[], holdMs: number): Promise<void>
  /** Gives leases back unfilled (the load failed) and wakes those who wait. */
  release(items: readonly { readonly key: string; readonly fence: Fence }[]): Promise<void>
  /** Soft removal: voids leases and marks frames as stale; announces it. */
  expire(keys: readonly string[]): Promise<void>
  /**
   * Announces a write before its commit: deletes the keys, voids leases, and blocks fills until `end` or for
   * `holdMs`. Intents of several writers stand side by side.
   */
  begin(keys: readonly string[], intent: string, holdMs: number): Promise<void>
  /** Ends one writer's intent, deletes the keys once no intent is left, and announces the removal. */
  end(keys: readonly string[], intent: string): Promise<void>
  /**
   * Ends intents as `end` does, each of one key. Where nothing else happened to the key since `begin` (no other
   * writer's intent, no removal, no end of its life), the writer gets the lease: what it committed is the last word,
   * and it may fill with that.
   */
  conclude(
    items: readonly { readonly key: string; readonly intent: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]>
  /** Current state of each tag; undefined where none is kept (which means: entries with that tag are invalid). */
  tags(tags: readonly string[]): Promise<readonly (TagState | undefined)[]>
  /**
   * Generations to stamp an entry with whose load began when `tagClock` was taken. Creates missing ones. Undefined
   * where the tag was, or may have been, invalidated since then.
   */
  stampTags(tags: readonly string[], tagClock: string): Promise<readonly (string | undefined)[]>
  /** Gives every tag a new random generation and announces it. */
  invalidate(tags: readonly string[], soft: boolean): Promise<void>
}

/** Permission to store one key once. Void as soon as the key is removed, set, evicted or taken by another. */
export type Fence = string

/** What a key held when it was read for a load. */
export type LeaseRead =
  /** A frame is there. No lease was given. */
  | { readonly state: 'hit'; readonly frame: StoredFrame }
  /** Nothing was there; the caller has the lease: it loads, and fills with this fence. */
  | { readonly state: 'leased'; readonly fence: Fence }
  /** Somebody else holds the lease. A `filled` announcement will follow when it is filled or released. */
  | { readonly state: 'busy' }
  /** A `write()` is under way: load, but store nothing. */
  | { readonly state: 'blocked' }

/** The two sides of a tag: which entries are valid (`generation`) and which only softly invalidated (`softened`). */
export interface TagState {
  /** Random id; an entry whose stamp differs is invalid. */
  readonly generation: string
  /** Earlier generations ended by a soft invalidation: entries stamped so are stale, but usable within `swr`. */
  readonly softened: readonly string[]
}
