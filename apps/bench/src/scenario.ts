import type { Library } from './library.ts'
import type { Report } from './report/report.ts'
import type { Results } from './results.ts'
import type { Sample } from './sample.ts'

/** How thorough a run is. `trial` proves that everything works, and its times mean nothing. */
export type Level = 'trial' | 'quick' | 'full'

/** A part of a round, for which so many processes of a contestant play together. */
export interface Part {
  readonly name: string
  readonly processes: number
  /** False: not played in the round that only warms up, as the other parts warm the same code. */
  readonly warmUp?: false
}

/** What a contestant's process is told for one part of one round. */
export interface Order {
  readonly round: number
  readonly part: string
  /** This process among those who play together, from 0. */
  readonly seat: number
  /** Shared time at which those who play together begin. */
  readonly at: number
}

/** A contestant in its process, ready to be measured again and again. */
export interface Seat {
  play(order: Order): Promise<Sample>
  end(): Promise<void>
}

/**
 * One question, asked of all contestants in the same run. Each contestant has processes of its own, and they take
 * turns: what else the machine does concerns all of them.
 */
export interface Scenario {
  readonly name: string
  readonly question: string
  /** Names of the contestants, the yardstick first. */
  readonly contestants: readonly string[]
  readonly parts: readonly Part[]
  readonly rounds: Readonly<Record<Level, number>>
  /** False: no round before those that count, where a round is long or its first time is the question. */
  readonly warmUp?: false
  /** Flags of Node for the contestants' processes. */
  readonly flags?: readonly string[]
  /** Starts and fills servers, before any contestant is there. */
  prepare(level: Level): Promise<Stage>
  /** In the contestant's process. */
  enter(library: Library, place: Place, level: Level): Promise<Seat>
  /** Puts together what the processes of one part measured. Default: they must be one. */
  merge?(samples: readonly Sample[], part: Part): Sample
  report(results: Results, level: Level): Report
}

/** Addresses of the servers. */
export interface Place {
  readonly redisUrl: string
  readonly databaseUrl: string
}

export interface Stage {
  readonly place: Place
  stop(): Promise<void>
}

/** The number for a level. */
export function at<T>(level: Level, trial: T, quick: T, full: T): T {
  return level === 'trial' ? trial : level === 'quick' ? quick : full
}
