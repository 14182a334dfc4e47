import type { Bus } from './bus.ts'
import type { Clock } from './clock.ts'
import type { Codec } from './codec.ts'
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

/** A frame as a tier holds it. Opaque to the tier: the chain wrote header, codec and transforms. */
export interface StoredFrame {
  readonly bytes: Uint8Array
  /**
   * The larger bytes at whose end the frame stands, from `start` on, where a tier has it so: who reads it there needs no
   * view of it, which costs as much as to read its header.
   */
  readonly whole?: Uint8Array
  readonly start?: number
  /** Identity of this write: random, never reused; equal stamps mean equal bytes. */
  readonly stamp: string
  /** True after a soft removal: usable only within `swr` and `staleIfError`. */
  readonly soft: boolean
  /**
   * Until when somebody has the claim to replace it, ms since 1970 on the store's clock; 0 or undefined: nobody is known
   * to have it. A hint: clocks needn't agree.
   */
  readonly claimedUntil?: number
}

/** A frame to be stored. */
export interface FrameWrite {
  readonly key: string
  readonly bytes: Uint8Array
  /** Wall-clock instant (ms since 1970) after which the tier may forget the frame; `Infinity` for never. */
  readonly expiresAt: number
}

/** `fenced`: something happened to the key since the fence was given. `too-large`: over `maxValueBytes`. */
export type WriteOutcome = 'stored' | 'fenced' | 'too-large'

/** What a tier can do; the contract suite tests what is declared. */
export interface RemoteCapabilities {
  /** Who sees the same entries: this process only, the processes of this host, or a whole fleet. */
  readonly shared: 'process' | 'host' | 'fleet'
  /** Largest frame in bytes that the tier takes. */
  readonly maxValueBytes: number
}

/** What a remote tier gets from the cache that it serves. */
export interface RemoteHost {
  /** Root of all keys; two caches with different namespaces never see each other's keys. */
  readonly namespace: string
  readonly clock: Clock
  /**
   * One line of text that tells other processes which work a removal belongs to; undefined where nobody traces it. To
   * be asked for when the verb is called, and handed to `removed` of their buses, where the bus has a place for it.
   */
  trace?(): string | undefined
  /**
   * To be called, synchronously, as soon as the connection is lost or the store may have another history than
   * before (restart, failover). The chain then uses nothing but `hello` until that resolves, and the tier must
   * fail every operation begun before this call, even if an answer still arrives.
   */
  lost(error: unknown): void
  /** A finding about the set-up that an operator should know, reported once as a `warning` event. */
  warn(finding: SetupFinding): void
}

/** One thing about a server's set-up that is worth an operator's attention. */
export interface SetupFinding {
  /** Stable name, such as `maxmemory-policy`. */
  readonly check: string
  /** What was found, in one sentence. */
  readonly found: string
  /** What to change, in one sentence. */
  readonly fix: string
}

/**
 * A place in the chain outside of this process: asynchronous, holds opaque frames, batch verbs only.
 *
 * Every verb takes keys as the chain names them (any string that is well-formed Unicode, already including
 * definition and version but not the namespace) and answers in the order of its input. Duplicate keys don't occur.
 * Verbs reject when the store can't be reached; the chain puts its own deadline on each, so a tier needs no timer.
 */
export interface RemoteTier<N extends string = string> {
  readonly kind: 'remote'
  readonly name: N
  readonly capabilities: RemoteCapabilities
  /** Codec used when the cache is given none. */
  readonly codec: Codec
  /** Called once, before any other verb. Must not block and not throw for an unreachable store. */
  open(host: RemoteHost): void
  /**
   * Greets the store: at the start, and again after `lost`. Resolves when it is usable, to the id of its history:
   * as long as the same id comes back, what was removed before is still removed. A tier whose store came back with
   * another history (restarted, failed over, restored) makes everything stored before unreachable first.
   */
  hello(): Promise<string>
  /** Reads without leaving a trace. */
  read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]>
  /** Stores unconditionally. Only used on tiers without `coherence`. */
  write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]>
  /** Deletes the frames and whatever would let a running load store its result; announces it on the tier's bus. */
  delete(keys: readonly string[]): Promise<void>
  /** Makes every entry of the namespace unreachable in O(1), other namespaces untouched; announces it. */
  clear(): Promise<void>
  /** Idempotent. Pending verbs may reject. */
  close(): Promise<void>
  /** Present when the store can compare and set. Without it the chain guards the tier from this process only. */
  readonly coherence?: Coherence
  /** Present, beside `coherence`, when many keys can be filled without a lease for each. */
  readonly bulk?: Bulk
}

/** Permission to store one key once. Void as soon as the key is removed, set, evicted or taken by another. */
export type Fence = string

export type LeaseRead =
  /** A frame is there. No lease was given. */
  | { readonly state: 'hit'; readonly frame: StoredFrame }
  /** Nothing was there; the caller has the lease: it loads, and fills with this fence. */
  | { readonly state: 'leased'; readonly fence: Fence }
  /** Somebody else holds the lease. A `filled` announcement will follow when it is filled or released. */
  | { readonly state: 'busy' }
  /** A `write()` is under way: load, but store nothing. */
  | { readonly state: 'blocked' }

/** What a key holds, looked at without leaving a mark. */
export type Surveyed =
  | { readonly state: 'hit'; readonly frame: StoredFrame }
  | { readonly state: 'absent' }
  /** Somebody's lease or intent, or nothing that a tier of this kind stored. */
  | { readonly state: 'busy' }

/** `present`: somebody else has stored, leased or begun to write the key meanwhile, and it was left alone. */
export type BulkOutcome = WriteOutcome | 'present'

/**
 * Filling many keys at once that nobody waits for, as when warming: one fence stands for all of them, and costs the
 * store a look instead of a lease per key. The price: any removal in the namespace between the two verbs, of whatever
 * key or tag, voids it, and others who miss meanwhile load for themselves. It is atomic per node.
 */
export interface Bulk {
  /**
   * Looks at keys. The fence is taken no later than the looks; `tagClock` as of `Coherence.lease`. With no keys the fence
   * is for any. After `goodFor` ms on the store's clock it is void: what stood in a key that wasn't looked at may lapse.
   */
  survey(
    keys: readonly string[],
    goodFor?: number,
  ): Promise<{
    readonly reads: readonly Surveyed[]
    readonly fence: Fence
    readonly tagClock: string
  }>
  /**
   * Stores where nothing is. `fenced`, and not stored, when anything was, or may have been, removed from the namespace
   * since the fence was taken.
   */
  fillAbsent(items: readonly FrameWrite[], fence: Fence): Promise<readonly BulkOutcome[]>
}

/** The two sides of a tag: which entries are valid (`generation`) and which only softly invalidated (`softened`). */
export interface TagState {
  /** Random id; an entry whose stamp differs is invalid. */
  readonly generation: string
  /** Earlier generations ended by a soft invalidation: entries stamped so are stale, but usable within `swr`. */
  readonly softened: readonly string[]
}

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

/** What an edge is told to drop. */
export interface EdgePurge {
  readonly keys?: readonly string[]
  readonly tags?: readonly string[]
  readonly all?: true
  readonly soft?: boolean
}

/** What an edge gets from the cache that it serves. */
export interface EdgeHost {
  readonly namespace: string
  readonly clock: Clock
  /** Whether removals reach other processes by a bus: they may drop their copies a little later than we do. */
  readonly others: boolean
  /** To be called when purges stop getting through, and when they do again. Repeated calls are one `degraded` event. */
  degraded(why: 'timeout' | 'error', error: unknown): void
  recovered(): void
  /** A finding that an operator should know, reported as a `warning` event. */
  warn(finding: SetupFinding): void
}

/**
 * `purged`: the edge has taken it. `durable`: it stands in a queue that survives this process, and reaches the edge
 * from there. `queued`: the tier keeps it in memory, and goes on trying.
 */
export type EdgeOutcome = 'purged' | 'durable' | 'queued'

/** A place in the chain that we can't read: a CDN. Takes purges. */
export interface EdgeTier<N extends string = string> {
  readonly kind: 'edge'
  readonly name: N
  /** Called once, before any other verb. Must not block and not throw for an unreachable edge. */
  open(host: EdgeHost): void
  /**
   * Called before anybody is told of a removal, and before a `write()` commits. An edge with a durable queue writes it
   * down, and purges even when `purge` never follows, because this process has died in between. Others do nothing.
   */
  announce(what: EdgePurge): Promise<void>
  /**
   * Called when the source, the remote tiers and this process' local tiers are done, and the other processes were
   * told. Rejects when the purge was neither taken nor written down: the chain keeps it in memory and tries again.
   */
  purge(what: EdgePurge): Promise<EdgeOutcome>
  /** Purges that the tier still has to do. */
  readonly pending: number
  close(): Promise<void>
}

export type Tier<N extends string = string> = LocalTier<N> | RemoteTier<N> | EdgeTier<N>
