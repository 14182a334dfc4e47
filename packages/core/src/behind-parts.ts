import type { ResolvedBehind } from './behind-options.ts'
import type { Chain } from './chain.ts'
import type { WriteQueue } from './write-queue.ts'

/** A write as `save` gets it. */
export interface Saved {
  readonly input: unknown
  readonly value: unknown
  readonly token: string
  /** The definition's version at the time of the write. */
  readonly version: string
}

export interface BehindParts {
  readonly chain: Chain
  readonly queue: WriteQueue
  readonly topic: string
  readonly def: string
  readonly version: string
  /** Never to be queued unsealed. */
  readonly sensitive: boolean
  readonly options: ResolvedBehind
  /** Longest time for a look at what is pending, ms. */
  readonly lookMs: number
  /** Longest time for an append, ms. */
  readonly appendMs: number
  /** Longest time for a save, ms. */
  readonly saveMs: number
  /** Resolves to whether the source has another value than the one that was written. */
  readonly save: (write: Saved, signal: AbortSignal) => Promise<boolean>
  readonly saveMany: ((writes: readonly Saved[], signal: AbortSignal) => Promise<void>) | undefined
  /** The entry's key, as events name it. */
  readonly entryOf: (key: string) => string
  /** Names of the entry in this version and those beside it, but for the one that is excepted. */
  readonly entriesOf: (key: string, except?: string) => readonly string[]
  /** Runs `commit` as a write of these entries: what readers see of them changes with it. */
  readonly changing: (entries: readonly string[], commit: () => Promise<void>) => Promise<void>
}
