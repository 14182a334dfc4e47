/** A tag with the generation under which an entry was made. */
export interface TagStamp {
  readonly tag: string
  readonly generation: string
}

/** A live value as local tiers hold it. Instants are on `clock.now()`. */
export interface LocalEntry {
  readonly value: unknown
  /** What the key was made of, as the caller gave it: a tier that keeps this needn't keep a text of its own. */
  readonly input: unknown
  /** Instant at which the load BEGAN, not when it was stored. */
  readonly createdAt: number
  /** Fresh before this instant. */
  readonly freshUntil: number
  /** `freshUntil` + swr. */
  readonly staleUntil: number
  /** `freshUntil` + staleIfError. */
  readonly errorUntil: number
  /** Before this instant a hit needs no second look: no refresh-ahead, no idle time to keep, nothing to clone. */
  quickUntil: number
  /** Softly removed: stale from now on, whatever `freshUntil` says. */
  soft: boolean
  /** Identity of the write in the farthest remote tier, or empty: equal stamps mean equal values. */
  readonly stamp: string
  readonly tags: readonly TagStamp[]
  /** Slots of `tags` in the removal fence. */
  readonly slots: readonly number[]
  /** Removals of tags, clears and gaps up to this sequence number are known not to concern the entry. */
  seen: number
  /** Duration of the load in ms, for early refresh. */
  readonly loadMs: number
  readonly etag: string | undefined
  /** Instant at which it was certainly current: its load began, or a remote tier was asked for it. */
  readonly vouchedAt: number
  /**
   * Loaded while a shared tier couldn't be asked: a `write()` may have been under way, whose writer may have died since.
   * Counts no longer than while a bus is silent, whatever the bus says.
   */
  readonly provisional: boolean
  /** Last use, for `idleTtl`. */
  usedAt: number
  /** Life without use in ms; `Infinity` for no limit. */
  readonly idleTtl: number
  /** How callers are kept from changing the shared value. */
  readonly isolation: 'frozen' | 'clone' | 'reference'
  /** Estimated bytes of the value. */
  readonly bytes: number
}
