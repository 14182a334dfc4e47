import type { Clock } from './clock.ts'
import type { Codec } from './codec.ts'
import type { SetupFinding } from './setup-finding.ts'

/** A write to be kept until the source has it. */
export interface QueuedWrite {
  /** Which row it concerns; of a topic, at most one write per key is pending: a later one takes its place. */
  readonly key: string
  readonly bytes: Uint8Array
}

/** The latest write of a key that the source hasn't got yet. */
export interface PendingWrite extends QueuedWrite {
  /** Identity and order of the write: text that is greater than that of every earlier write of the key, never reused. */
  readonly token: string
  /** What the queue needs to confirm it. */
  readonly receipt: string
}

/** A write that the source refused for good. */
export interface DeadWrite extends QueuedWrite {
  readonly token: string
  readonly reason: string
  /** Wall-clock instant, ms. */
  readonly at: number
}

/** What a queue gets from the cache that it serves. */
export interface WriteQueueHost {
  readonly namespace: string
  readonly clock: Clock
  warn(finding: SetupFinding): void
}

/**
 * Where acknowledged writes wait for the source. Durable: what `append` resolved for survives the processes, and is
 * given out by `take` until it is confirmed or buried. A topic is one definition; topics don't know of each other.
 *
 * Verbs reject when the queue can't be reached; callers put their deadlines on them. An `append` that rejects may
 * have been done.
 */
export interface WriteQueue {
  readonly name: string
  /** Codec used when the cache is given none and has no remote tier. */
  readonly codec: Codec
  /** Called once. Must not block and not throw for a queue that can't be reached. */
  open(host: WriteQueueHost): void
  /** Resolves once the writes are durable. Those of one key keep the order of the calls. */
  append(topic: string, writes: readonly QueuedWrite[]): Promise<void>
  /** What is pending of each key. */
  pending(topic: string, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>
  /**
   * The topic's oldest writes after `after` (the beginning: ''), with the right to apply them for `holdMs`; undefined
   * while another worker has that right.
   */
  take(
    topic: string,
    o: { readonly worker: string; readonly holdMs: number; readonly after: string; readonly limit: number },
  ): Promise<{ readonly writes: readonly PendingWrite[]; readonly next: string | undefined } | undefined>
  /** Extends the right; resolves to whether it still stood. */
  renew(topic: string, worker: string, holdMs: number): Promise<boolean>
  /** Gives the right back. */
  release(topic: string, worker: string): Promise<void>
  /** Forgets applied writes. One that was overtaken by a later write of its key leaves that pending. */
  confirm(topic: string, writes: readonly PendingWrite[]): Promise<void>
  /** Moves writes to the dead letters; one that was overtaken is dropped. */
  bury(topic: string, writes: readonly (PendingWrite & { readonly reason: string })[]): Promise<void>
  /** Dead letters, the oldest first. */
  dead(topic: string, limit: number): Promise<readonly DeadWrite[]>
  discard(topic: string, tokens: readonly string[]): Promise<void>
  /** Makes dead letters pending again, with the tokens that they had. One whose key has a later write pending is dropped. */
  retry(topic: string, tokens: readonly string[]): Promise<void>
  /** How many keys have a pending write; token of the last write, and of the oldest that isn't applied. */
  state(
    topic: string,
  ): Promise<{ readonly size: number; readonly first: string | undefined; readonly last: string | undefined }>
  close(): Promise<void>
}
