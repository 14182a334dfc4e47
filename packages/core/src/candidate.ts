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
  /** The load that made it, where that was traced. */
  readonly trace?: string | undefined
}
