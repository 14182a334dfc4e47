import type { Bulk } from './bulk.ts'
import type { Clock } from './clock.ts'
import type { Codec } from './codec.ts'
import type { Coherence } from './coherence.ts'
import type { SetupFinding } from './setup-finding.ts'
import type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts'

/**
 * A place in the chain outside of this process: asynchronous, holds opaque frames, batch verbs only.
 *
 * Every verb takes keys as the chain names them (any string that is well-formed Unicode, already including
 * definition and version but not the namespace) and answers in the order of its input. Duplicate keys don't occur.
 * Verbs reject when the store can't be reached; the chain puts its own deadline on each, so a tier needs no timer.
 */
export interface RemoteTier<N extends string = string> {
  readonly kind: 'remote'
  readonly name: N
  readonly capabilities: RemoteCapabilities
  /** Codec used when the cache is given none. */
  readonly codec: Codec
  /** Called once, before any other verb. Must not block and not throw for an unreachable store. */
  open(host: RemoteHost): void
  /**
   * Greets the store: at the start, and again after `lost`. Resolves when it is usable, to the id of its history:
   * as long as the same id comes back, what was removed before is still removed. A tier whose store came back with
   * another history (restarted, failed over, restored) makes everything stored before unreachable first.
   */
  hello(): Promise<string>
  /** Reads without leaving a trace. */
  read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]>
  /** Stores unconditionally. Only used on tiers without `coherence`. */
  write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]>
  /** Deletes the frames and whatever would let a running load store its result; announces it on the tier's bus. */
  delete(keys: readonly string[]): Promise<void>
  /** Makes every entry of the namespace unreachable in O(1), other namespaces untouched; announces it. */
  clear(): Promise<void>
  /** Idempotent. Pending verbs may reject. */
  close(): Promise<void>
  /** Present when the store can compare and set. Without it the chain guards the tier from this process only. */
  readonly coherence?: Coherence
  /** Present, beside `coherence`, when many keys can be filled without a lease for each. */
  readonly bulk?: Bulk
}

/** What a tier can do; the contract suite tests what is declared. */
export interface RemoteCapabilities {
  /** Who sees the same entries: this process only, the processes of this host, or a whole fleet. */
  readonly shared: 'process' | 'host' | 'fleet'
  /** Largest frame in bytes that the tier takes. */
  readonly maxValueBytes: number
}

/** What a remote tier gets from the cache that it serves. */
export interface RemoteHost {
  /** Root of all keys; two caches with different namespaces never see each other's keys. */
  readonly namespace: string
  readonly clock: Clock
  /**
   * One line of text that tells other processes which work a removal belongs to; undefined where nobody traces it. To
   * be asked for when the verb is called, and handed to `removed` of their buses, where the bus has a place for it.
   */
  trace?(): string | undefined
  /**
   * To be called, synchronously, as soon as the connection is lost or the store may have another history than
   * before (restart, failover). The chain then uses nothing but `hello` until that resolves, and the tier must
   * fail every operation begun before this call, even if an answer still arrives.
   */
  lost(error: unknown): void
  /** A finding about the set-up that an operator should know, reported once as a `warning` event. */
  warn(finding: SetupFinding): void
}
