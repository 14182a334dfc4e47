import type { EdgePurge } from '@tierstack/cache-core'

/** A removal that an edge has yet to be told of, as the application named it. */
export interface Intent {
  readonly id: number
  readonly what: EdgePurge
}

/** A name that the edge refuses to purge. Everything was purged in its place. */
export interface DeadLetter {
  readonly name: string
  readonly error: string
  /** Wall-clock instant, ms. */
  readonly at: number
}

/** The pending purges of one edge of one cache. */
export interface PurgeLane {
  /** Resolves once it is written down. */
  put(what: EdgePurge): Promise<number>
  /** Strikes out what is done; unknown ids are ignored. */
  settle(ids: readonly number[]): Promise<void>
  /** Takes over what processes that don't live any more have left. */
  takeOver(): Promise<readonly Intent[]>
  bury(letter: DeadLetter): Promise<void>
  /** Newest first, a thousand at most. */
  dead(): Promise<readonly DeadLetter[]>
  /** What isn't done becomes anybody's. */
  close(): Promise<void>
}

/** Where pending purges are written down. */
export interface PurgeQueue {
  /** Whether it outlives this process. */
  readonly durable: boolean
  lane(name: string): PurgeLane
}
