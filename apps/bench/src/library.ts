/** Which tiers a contestant is opened with: this process' memory, Redis, or the one in front of the other. */
export type Tiers = 'near' | 'far' | 'both'

export interface OpenOptions {
  readonly tiers: Tiers
  /** Where Redis is; not used for `near`. */
  readonly redisUrl: string
  readonly namespace: string
  /** Bound of the memory tier. */
  readonly maxEntries: number
  readonly ttlMs: number
  /** Makes the value of a key: the loader of every loading read. */
  readonly load: (key: string) => Promise<unknown>
}

/** One library, as its read-me sets it up: with its defaults, and nothing switched off. */
export interface Library {
  readonly name: string
  readonly version: string
  /** How it is set up, in a few words. */
  readonly note: string
  readonly tiers: readonly Tiers[]
  open(options: OpenOptions): Promise<Contestant>
}

/** A cache that is open. What a library can't do is left out, and its cells stay empty. */
export interface Contestant {
  /** The read that loads what is missing. */
  readonly read: (key: string) => Promise<unknown>
  /** The same with key and loader given at the call, where the library has both ways. */
  readonly getOrSet?: (key: string) => Promise<unknown>
  /** The read that doesn't load. */
  readonly get?: (key: string) => Promise<unknown>
  /** What memory has, synchronously. */
  readonly peek?: (key: string) => unknown
  /** Many loading reads as one call. */
  readonly many?: (keys: readonly string[]) => Promise<readonly unknown[]>
  /** To be called after the source changed. */
  readonly remove: (key: string) => Promise<unknown>
  readonly close: () => Promise<void>
}
