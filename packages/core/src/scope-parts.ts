import type { Audit } from './audit.ts'
import type { Cache } from './cache.ts'
import type { Chain } from './chain.ts'
import type { Defined } from './defined.ts'
import type { Detours } from './detours.ts'
import type { ResolvedPolicy } from './policy.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Query } from './query.ts'
import type { Removals } from './removals.ts'
import type { DefinitionCounters } from './stats.ts'
import type { WriteQueue } from './write-queue.ts'

/** What the parts of one cache share, and what this part of it adds. */
export interface ScopeParts {
  readonly chain: Chain
  readonly removals: Removals
  /** Where definitions that ask for it put what is done on record. */
  readonly audit: Audit | undefined
  /** Path of namespaces below the root, joined by `/`, which no name contains; empty at the root. */
  readonly path: string
  /** Tags that every entry here carries. */
  readonly tags: readonly string[]
  readonly policy: ResolvedPolicy
  counters(def: string): DefinitionCounters
  /** Throws when a definition of that label exists already. */
  claimLabel(label: string): void
  /** Every definition of the cache, in the order in which they were made. */
  readonly defined: Defined[]
  /** Throws when the cache is closed. */
  opened(): void
  /** While it counts none, nothing is `bypassed`. */
  readonly detours: Detours
  /** Must this call leave the cache alone: switched off, or inside a transaction? Throws when the cache is closed. */
  bypassed(): boolean
  /** Stores a value; inside a transaction, removes the key after it. */
  set(query: Query, key: string, value: unknown, input?: unknown): Promise<void>
  /** Where acknowledged writes wait for the source. */
  readonly writeQueue: WriteQueue | undefined
  /** To be closed with the cache. */
  closing(end: () => Promise<void>): void
  /** Commits a write and stores what it resolves to; inside a transaction, removes the key after it. */
  writeThrough(query: Query, key: string, input: unknown, commit: () => Promise<unknown>): Promise<unknown>
  /** Keeps a write for after the transaction that the caller is in. False outside of any. */
  postponed(key: string, write: () => Promise<void>): boolean
  write<R>(keys: readonly string[], commit: () => MaybePromise<R>, policy: ResolvedPolicy): Promise<R>
  /** The verbs of the whole cache, the same in every part. */
  readonly whole: Pick<
    Cache,
    | 'withTenant'
    | 'stats'
    | 'on'
    | 'changed'
    | 'health'
    | 'definitions'
    | 'byKey'
    | 'trace'
    | 'drain'
    | 'close'
    | 'deferred'
  >
}
