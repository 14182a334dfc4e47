import type { Row } from '../row.ts'
import type { Way } from '../source.ts'

/** A change of the source that the cache must be told of. */
export interface Change {
  readonly way: Way
  readonly keys: readonly number[]
  /** For the way `tags`. */
  readonly tag: string
  /** Commits it. Throws when the transaction is rolled back: then nothing changed. */
  readonly commit: () => Promise<void>
}

/**
 * Who was promised that nobody reads the old rows: `everyone`, or so far only the process that asked (the removal is
 * queued, and confirmed when `queued()` is 0).
 */
export type Promised = 'everyone' | 'here'

/** A cache under test, in one process. */
export interface Subject {
  /** The ways in which it can be told of a change. */
  readonly ways: readonly Way[]
  read(key: number): Promise<Row | undefined>
  many(keys: readonly number[]): Promise<readonly (Row | undefined)[]>
  /** Loads what isn't there, before anyone asks. */
  warm?(keys: readonly number[]): Promise<unknown>
  /** What this process' memory has, without waiting. */
  peek(key: number): Row | undefined
  /** Commits the change and tells the cache. Rejects when the cache refused; the caller then was promised nothing. */
  change(change: Change): Promise<Promised>
  /** Removals that were not confirmed. */
  queued(): number
  /** What happened to a key lately, when `trace` was asked for. */
  tale(key: number): string
  /** Counters worth a line in a report. */
  counters(): Readonly<Record<string, number>>
  close(): Promise<void>
}

export interface SubjectOptions {
  /** Where this process reaches Redis. */
  readonly place: RedisPlace
  readonly namespace: string
  /** Entries that the process' memory holds: fewer than there are keys, so that it goes to Redis again and again. */
  readonly memoryEntries: number
  readonly load: (key: number) => Promise<Row>
  readonly loadMany: (keys: readonly number[]) => Promise<readonly Row[]>
  /** To be told when the cache itself notices that it isn't connected, and when it is again. */
  readonly silent: (began: boolean) => void
  /** Remember what happens to each key, for reports. */
  readonly trace: boolean
  /** Ms that this process' wall clock is off; undefined where it is the system's. */
  readonly wallOffset: (() => number) | undefined
}

export type RedisPlace =
  | { readonly kind: 'standalone'; readonly port: number }
  | { readonly kind: 'sentinel'; readonly name: string; readonly sentinels: readonly number[] }
  | { readonly kind: 'cluster'; readonly ports: readonly number[] }
