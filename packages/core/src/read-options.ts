/** What one read may override. */
export interface ReadOptions<N extends string = string> {
  /** Accept an entry up to this many ms past its ttl, instead of `swr`; never past its windows. `0` = fresh only. */
  maxStale?: number
  /** Load anew, whatever is stored; the result replaces it. */
  forceFresh?: boolean
  /** Tiers to leave out of this read. */
  skip?: readonly N[]
  /** Ends this caller's wait; the load stops when nobody waits for it. */
  signal?: AbortSignal
}
