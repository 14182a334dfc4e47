/** What became of the requests since the start. */
export interface EdgeCounters {
  hits: number
  stale: number
  misses: number
  revalidated: number
  passed: number
  failed: number
}

export function newEdgeCounters(): EdgeCounters {
  return { hits: 0, stale: 0, misses: 0, revalidated: 0, passed: 0, failed: 0 }
}
