import type { BehindOptions } from './behind-options.ts'
import type { Codec } from './codec.ts'
import type { Duration } from './duration.ts'
import type { Explanation } from './explain.ts'
import type { Inspected } from './inspected.ts'
import type { KeyOf, KeyPart } from './key.ts'
import type { LoadContext } from './load-context.ts'
import type { Policy } from './policy.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { ReadOptions } from './read-options.ts'
import type { Receipt } from './remove.ts'
import type { StandardSchema } from './schema.ts'

/** A named cached query: its key, load, tags and policy in one object, so that reader, remover and warmer can't disagree. */
export interface Definition<K extends KeyOf, V, N extends string = string> extends Policy<N> {
  /** Label of metrics, and part of every key. */
  name: string
  /**
   * To be raised when the shape of the value changes: each version has entries of its own. Two deployments may run side by
   * side: where versions are whole numbers that are given, what removes or sets a key here removes it in the version before
   * and the one after too. @default 1, without neighbours
   */
  version?: number | string
  /** The parts of the input that matter. @default the whole input */
  key?: (input: K) => KeyPart | readonly KeyPart[]
  /** Makes the value. `undefined` is returned but not stored; `null` is a value. */
  load(input: K, context: LoadContext): MaybePromise<V>
  /**
   * Loads what single calls and `many` miss in one turn of the event loop: a list aligned with the inputs, or a map by input. An `Error`
   * in the list rejects only its own key.
   */
  loadMany?(
    inputs: readonly K[],
    context: { readonly signal: AbortSignal },
  ): Promise<readonly (V | Error | undefined)[] | ReadonlyMap<K, V>>
  /** Writes a value to the source: what `write(input, value)` commits. May return the value as the source has it. */
  save?(input: K, value: V, context: SaveContext): Promise<V | void>
  /** Several queued writes at once, each of another key, all or none: `write: 'behind'` prefers it to `save`. */
  saveMany?(
    writes: readonly {
      readonly input: K
      readonly value: V
      readonly token: string
      readonly version: string
    }[],
    context: { readonly signal: AbortSignal },
  ): Promise<void>
  /**
   * What `write(input, value)` does. `invalidate`: saves, and removes the entry. `through`: saves, and stores what was
   * saved in the tiers. `behind`: acknowledges once a durable queue has the write (`writeQueue` of the cache) and
   * saves later; every read sees the value at once.
   * @default 'invalidate'
   */
  write?: 'invalidate' | 'through' | 'behind'
  /** How queued writes reach the source. Only with `write: 'behind'`. */
  behind?: BehindOptions
  /** Tags by which entries are invalidated together. Called with each loaded value. */
  tags?: (value: V, input: K) => readonly string[]
  /** Checked when a value comes from a remote tier; one that doesn't fit is a miss and a `poisoned` event. */
  schema?: StandardSchema<NoInfer<V>>
  /**
   * Makes a value of what the version before stored for the same input, instead of loading it; `undefined` loads. Its life
   * is what was left of the old one's. Needs a `version` that is a whole number. Must not throw.
   */
  migrate?(old: unknown, input: K): NoInfer<V> | undefined
  /**
   * Puts what is done through the definition on record: who, tenant, action, tier and a hash of the key go to the cache's
   * `audit.sink`. While the sink doesn't keep up, what is audited waits.
   * @default false
   */
  audit?: boolean
  codec?: Codec
  /**
   * The values never leave this process unsealed: without `encryption` on the cache, or while no key can be had, they
   * are kept out of remote tiers, with a `refused` event.
   * @default false
   */
  sensitive?: boolean
}

/** What `save` knows of a write. */
export interface SaveContext {
  readonly signal: AbortSignal
  /**
   * Identity of the write, the same in every attempt to save it. With `write: 'behind'`, tokens of one key grow as text
   * from write to write: a source that stores the token with the row, and ignores writes whose token isn't greater,
   * applies each exactly once and never an old one over a newer.
   */
  readonly token: string
  /** The definition's version when the write was made. */
  readonly version: string
}

/** A queued write that the source refused for good. */
export interface DeadLetter<K, V> {
  readonly input: K
  readonly value: V
  readonly token: string
  readonly version: string
  readonly reason: string
  /** Wall-clock instant of its burial, ms. */
  readonly at: number
}

type Stored<V> = Exclude<V, undefined>

/** Keys so far. */
export interface WarmProgress {
  readonly loaded: number
  readonly skipped: number
  readonly failed: number
}

export interface WarmOptions {
  /**
   * Loads at once: of `loadMany`, where the definition has it. As many batches more may be on their way into remote tiers.
   * @default 8, of `loadMany` 4
   */
  readonly concurrency?: number
  /** Keys per `loadMany`. @default 500 */
  readonly batch?: number
  /** Called after each load; an error that it throws is ignored. */
  readonly progress?: (progress: WarmProgress) => void
  /** Keys begun per second. @default Infinity */
  readonly rate?: number
  /** Ends the warming: what is under way is done, and reported. */
  readonly signal?: AbortSignal
}

/**
 * Brings the next page of rows, each with its input: the value, or an `Error` where that one failed; undefined when there
 * are no more. Called for one page after the other. What it returns must have been read after it was called: a snapshot
 * of the database that is older may be from before a removal.
 */
export type NextRows<K, V> = (context: {
  readonly signal: AbortSignal
}) => MaybePromise<readonly (readonly [input: K, value: V | Error])[] | undefined>

/** What became of the keys. */
export interface WarmReport {
  readonly loaded: number
  /** Were fresh already. */
  readonly skipped: number
  readonly errors: readonly { readonly key: string; readonly error: unknown }[]
  readonly ms: number
}

/** A defined query. Calling it reads through the chain; the methods concern the same entries. */
export interface Cached<K extends KeyOf, V, N extends string = string> {
  /** Resolves to the value: from the nearest tier that has it fresh, else loaded. Rejects only with the loader's error. */
  (input: K, options?: ReadOptions<N>): Promise<V>
  /** The value if a local tier has it, synchronously; never loads, never asks a remote tier. */
  peek(input: K): Stored<V> | undefined
  /** Values in the order of the inputs; one batched read per remote tier, one `loadMany` for what is missing. */
  many(inputs: readonly K[], options?: ReadOptions<N>): Promise<V[]>
  /** As `many`, but an error stays with its own input. */
  settled(inputs: readonly K[], options?: ReadOptions<N>): Promise<PromiseSettledResult<V>[]>
  /** How the entry stands, or undefined when there is none. Never loads. */
  entry(input: K): Promise<Inspected<Stored<V>, N> | undefined>
  /**
   * Stores a value that the source has. Wins over loads that are running; a removal or a write that comes meanwhile
   * wins over it. The cache can't tell when the value was read: where others may write the row at the same time, use
   * `write`.
   */
  set(input: K, value: Stored<V>): Promise<void>
  /**
   * Writes to the source and removes the entry, announced before the commit, so that a crash in between can't leave
   * the old value. Give the value (committed by `save`) or the commit itself. With `write: 'through'` or `'behind'` a
   * value given is what the tiers hold afterwards.
   */
  write(input: K, value: Stored<V>): Promise<V>
  write<R>(input: K, commit: () => Promise<R>): Promise<R>
  /** Reads, changes and writes back. Not a transaction: two updates at once may lose one. Needs `save`. */
  update(input: K, change: (value: V) => MaybePromise<Stored<V>>): Promise<V>
  /**
   * Waits until the source has every write that was queued before the call; resolves to how many keys still have a
   * pending write after `timeout` (default 30 s). 0 for definitions that don't write behind.
   */
  flush(options?: { readonly timeout?: Duration }): Promise<number>
  /** Queued writes that the source refused for good, the oldest first, at most 1,000. */
  deadLetters(): Promise<readonly DeadLetter<K, Stored<V>>[]>
  /** Forgets dead letters, by their tokens. */
  discard(...tokens: string[]): Promise<void>
  /** Gives dead letters, by their tokens, back to the queue. A key that has a later write pending keeps that one. */
  retry(...tokens: string[]): Promise<void>
  /** Removes. After the receipt no reader in this process gets the old value, from any tier. */
  delete(...inputs: K[]): Promise<Receipt<N>>
  /** Soft removal: the entry counts as expired, but is served within `swr` and `staleIfError`. */
  expire(...inputs: K[]): Promise<Receipt<N>>
  /** Loads anew, whatever is stored. */
  refresh(...inputs: K[]): Promise<void>
  /**
   * Loads what isn't fresh. One failing input never stops the rest. Right after the process started it waits, at most
   * 2 s, until the buses have joined: what is stored nearby before that leaves again when they do.
   */
  warm(inputs: Iterable<K> | AsyncIterable<K>, options?: WarmOptions): Promise<WarmReport>
  /**
   * Stores rows that a source brings page by page, where nothing fresh is: for many at once, instead of their inputs. A
   * value must be what `load` gives for its input. Rows that may be from before a removal are loaded one way or the
   * other, as by `warm`, which it waits like; so are all where a remote tier has no `bulk`, or writes go `'behind'`. Rejects when `next` does,
   * after what it brought is stored.
   */
  warmRows(next: NextRows<K, V>, options?: WarmOptions): Promise<WarmReport>
  /** Removes all entries of the definition, in O(1). */
  clear(): Promise<Receipt<N>>
  /** Where the entry is and why it is fresh or not. */
  explain(input: K): Promise<Explanation<N>>
  /**
   * What the source says, past the cache: runs the loader for this caller alone, and stores nothing. Neither bounded
   * by the bulkhead nor timed out.
   */
  uncached(input: K, options?: { readonly signal?: AbortSignal }): Promise<V>
  /** The entry's key, as events and `explain` name it. */
  keyFor(input: K): string
}
