import type { TagStamp } from './entry.ts'
import type { Life } from './freshness.ts'

/** A stale entry that may still serve, wherever it was found. */
export interface Candidate {
  readonly value: unknown
  readonly life: Life
  readonly position: number
  readonly loadMs: number
  readonly etag: string | undefined
  readonly tags: readonly TagStamp[]
  readonly clone: boolean
  /** Who reads later mustn't get it: when it was found locally, no bus vouched for it. */
  readonly vouchedUntil?: number
  /** The load that made it, where that was traced. */
  readonly trace?: string | undefined
}
