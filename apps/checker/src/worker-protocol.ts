import type { Counts } from './verdict.ts'
import type { Protection } from './weaken.ts'
import type { RedisPlace } from './subjects/subject.ts'

export const libraries = ['ours', 'bentocache', 'layered-loader'] as const
export type Library = (typeof libraries)[number]

/** How often a loader is slow, and how slow. */
export interface LoadDelays {
  /** Share of loads that stall for 1.6 to 2.5 s: past the lease. */
  readonly stalls: number
  /** Share of loads that block the event loop for 1.7 s: nothing renews the lease. */
  readonly blocks: number
}

export interface WorkerSetup {
  readonly library: Library
  readonly without: Protection | undefined
  /** Which of the processes it is; the same for one that comes back. */
  readonly position: number
  /** Number of this run of it: its ledger. */
  readonly instance: number
  readonly folder: string
  readonly seed: number
  readonly keys: number
  /** Bound for other processes' memory on a healthy bus, ms. */
  readonly bound: number
  readonly groups: number
  readonly namespace: string
  readonly place: RedisPlace
  readonly database: string
  /** Reads of its own memory per second. */
  readonly hotReads: number
  /** Changes of the source per second. */
  readonly changes: number
  readonly delays: LoadDelays
  readonly ownClock: boolean
  readonly trace: boolean
}

export type ToWorker =
  | { readonly kind: 'begin' }
  /** Stop changing things; go on reading. */
  | { readonly kind: 'calm' }
  /** Read every key once, by each way of reading. */
  | { readonly kind: 'audit' }
  | { readonly kind: 'jump'; readonly ms: number }
  | { readonly kind: 'end' }

/** What one process says of each key after quiescence: the lowest version that any way of reading gave. */
export type Audit = readonly number[]

export interface WorkerReport {
  readonly counts: Counts
  /** Changes made, removals promised to everybody, promised to this process only, refused. */
  readonly changes: number
  readonly promised: number
  readonly waiting: number
  readonly refused: number
  readonly loads: number
  readonly findings: readonly string[]
  readonly counters: Readonly<Record<string, number>>
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly report: WorkerReport }
  | { readonly kind: 'calm'; readonly waiting: number }
  | { readonly kind: 'audit'; readonly versions: Audit }
