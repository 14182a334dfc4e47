export interface BehindPlan {
  /** Acknowledged writes. */
  readonly writes: number
  readonly keys: number
  readonly processes: number
  readonly databaseUrl: string
  /** What a write does whose removal a tier didn't confirm: it is refused, or acknowledged and the removal sent later. */
  readonly invalidation: 'strict' | 'queue'
  /** Where writes wait: in Redis Streams, or in a table of the database. */
  readonly store: 'redis' | 'postgres'
}

export interface BehindVerdict {
  readonly acknowledged: number
  readonly refused: number
  /** Writes whose process was killed before it answered. */
  readonly unanswered: number
  /** Keys whose row isn't the last acknowledged write. */
  readonly wrong: number
  readonly twice: number
  readonly backwards: number
  readonly changes: number
  readonly left: number
  /** Reads in another process, after the acknowledgement. */
  readonly reads: number
  /**
   * Those that returned an older version, and did so again when they mustn't: when the process had heard what was sent on
   * the bus after the write, or 600 ms later at the latest.
   */
  readonly stale: number
  /** Those that did so once, by a process that hears of every removal: the message was on its way. */
  readonly onTheWay: number
  /** Those whose message was still on its way after 50 ms: none that was sent later had arrived either. */
  readonly late: number
  /** Those that did so for less than that, while their bus was silent: within the declared bound. */
  readonly silent: number
  /** Those after a write whose process had removals waiting: its receipt said so, and others may read the old row. */
  readonly queued: number
  /** Longest time between an acknowledgement and the begin of a read elsewhere that was still older, ms. */
  readonly latest: number
  readonly seconds: number
  /** Median and 99th percentile of the time to an acknowledgement, ms. */
  readonly p50: number
  readonly p99: number
}
