import { AsyncLocalStorage } from 'node:async_hooks'
import type { Chain } from './chain.ts'
import type { TagStamp } from './entry.ts'
import { ttlLeft } from './freshness.ts'
import type { Life } from './freshness.ts'

/** One answer that a cache gave to code inside a read scope. Durations are ms from the moment of the answer. */
export interface EntryRead {
  /** Namespace of the cache that answered. */
  readonly namespace: string
  /** The entry's key, as removals name it. */
  readonly key: string
  /** The tier that had it; undefined when it was loaded, or isn't there. */
  readonly tier: string | undefined
  /** All that invalidate the entry: its own tags, and those of its definition, its namespace, its prefixes. */
  readonly tags: readonly string[]
  /** How long the entry stays fresh; 0 when it may not be kept anywhere: stale, absent, or not stored. */
  readonly ttl: number
  /** How long after `ttl` it may be served stale while it is loaded anew. */
  readonly swr: number
  /** How long after `ttl` it may be served when loading fails. */
  readonly staleIfError: number
  /** Time since the load that made it began. */
  readonly age: number
  /** Whether nothing that removes the entry has been noticed by this process since. */
  current(): boolean
}

/** Collects what is read by the code that runs inside, in any cache of this process, hits in memory too. */
export interface ReadScope {
  /** Runs `work`, and whatever it starts, inside. May be called several times. */
  run<R>(work: () => R): R
  /** Ends it: what still runs inside is collected no more. Idempotent. */
  close(): void
}

interface Open {
  readonly note: (read: EntryRead) => void
  readonly outer: Open | undefined
  over: boolean
}

const storage = new AsyncLocalStorage<Open>()

/** How many are open: all that a read outside of any pays is a look at this. */
export const readScopes = { open: 0 }

/**
 * Opens a scope; `note` gets every read made inside, once per call of the reader, and must not throw. A scope opened
 * within another tells the outer one too. To be closed: while any is open, each read looks for its own.
 * @example
 * const reads: EntryRead[] = []
 * const scope = openReadScope((read) => reads.push(read))
 * try { await scope.run(() => handler(request)) } finally { scope.close() }
 */
export function openReadScope(note: (read: EntryRead) => void): ReadScope {
  const scope: Open = { note, outer: storage.getStore(), over: false }
  readScopes.open++
  return {
    run: (work) => storage.run(scope, work),
    close() {
      if (scope.over) return
      scope.over = true
      readScopes.open--
    },
  }
}

/** Tells the scopes around the reader what it was given. To be called only while some scope is open. */
export function noteRead(
  chain: Chain,
  key: string,
  o: {
    /** Position of the tier that had it, or -1. */
    readonly position: number
    readonly tags: readonly TagStamp[]
    readonly slots: readonly number[]
    /** Undefined when what was answered may not be kept. */
    readonly life: Life | undefined
    /** Fence sequence when the answer was known to be current. */
    readonly sequence: number
  },
): void {
  const scope = storage.getStore()
  if (scope === undefined) return
  const { fence } = chain
  const now = chain.clock.now()
  const left = o.life === undefined ? 0 : ttlLeft(o.life, now)
  const from = o.life === undefined ? now : Math.max(now, o.life.freshUntil)
  tell(scope, {
    namespace: chain.namespace,
    key,
    tier: chain.names[o.position],
    tags: o.tags.map(({ tag }) => tag),
    ttl: Math.max(0, left),
    swr: o.life === undefined ? 0 : Math.max(0, o.life.staleUntil - from),
    staleIfError: o.life === undefined ? 0 : Math.max(0, o.life.errorUntil - from),
    age: o.life === undefined ? 0 : Math.max(0, now - o.life.createdAt),
    current: () =>
      !fence.keyRemoved(key, o.sequence) &&
      fence.tagsRemovedAt(o.slots) <= o.sequence &&
      !fence.suspectSince(o.sequence),
  })
}

/** Tells the scopes around the reader of a read that left the cache alone: nothing made from it may be kept. */
export function noteBypass(key: string): void {
  const scope = storage.getStore()
  if (scope === undefined) return
  tell(scope, {
    namespace: '',
    key,
    tier: undefined,
    tags: [],
    ttl: 0,
    swr: 0,
    staleIfError: 0,
    age: 0,
    current: () => false,
  })
}

function tell(scope: Open, read: EntryRead): void {
  for (let one: Open | undefined = scope; one !== undefined; one = one.outer) if (!one.over) one.note(read)
}
