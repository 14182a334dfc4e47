/** What an edge did so far. */
export interface PurgeStats {
  /** Calls made. */
  calls: number
  /** Names purged, each time it was. */
  purged: number
  failures: number
  /** Answers that asked us to slow down. */
  throttled: number
  /** Times that names were given up for one that covers them. */
  escalated: number
  dead: number
  /** Removals taken over from processes that died. */
  takenOver: number
}
