/** What became of the requests since the start. */
export interface EdgeCounters {
  /** Answered by a fresh page, or a part of one. */
  hits: number
  /** Answered by a stale page. */
  stale: number
  /** Answered by the origin, as nothing was kept. */
  misses: number
  /** Answered by a kept page, after the origin said that it is current. */
  revalidated: number
  /** Answered by the origin for one reader: another method, a bypass, what isn't for others. */
  passed: number
  /** No answer was to be had: 502 or 504. A request that was passed is counted there as well. */
  failed: number
}

export function newEdgeCounters(): EdgeCounters {
  return { hits: 0, stale: 0, misses: 0, revalidated: 0, passed: 0, failed: 0 }
}
