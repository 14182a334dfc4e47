import type { Removal } from './bus.ts'
import { isPromise } from './maybe-promise.ts'
import type { SetupFinding } from './setup-finding.ts'

/** Why a load runs. */
export type Reason = 'miss' | 'expired' | 'swr' | 'ahead' | 'forced' | 'invalidated' | 'warm'

/** What a remote tier is asked to do. */
export type TierVerb =
  | 'read'
  | 'lease'
  | 'claim'
  | 'fill'
  | 'write'
  | 'take'
  | 'release'
  | 'renew'
  | 'remove'
  | 'ask'

/** What happens, for those who listen. Never carries values; keys only by a call, so that logs don't leak by accident. */
export interface EventMap {
  hit: {
    readonly def: string | undefined
    readonly tier: string
    readonly state: 'fresh' | 'stale'
    key(): string
  }
  miss: { readonly def: string | undefined; key(): string }
  load: {
    readonly def: string | undefined
    readonly reason: Reason
    readonly ms: number
    key(): string
    /** Whether the load brought another value than the one which it replaces; undefined when none is known. */
    changed(): boolean | undefined
  }
  'load:error': {
    readonly def: string | undefined
    readonly error: unknown
    readonly served: 'stale' | 'error'
    /** How long the load ran, the wait for a place in the bulkhead included. */
    readonly ms: number
    key(): string
  }
  /** A queued write couldn't be saved; `dead`: it is a dead letter now. */
  'save:error': {
    readonly def: string
    readonly error: unknown
    readonly attempts: number
    readonly dead: boolean
    key(): string
  }
  /** An entry found far was written into a nearer tier. */
  backfill: { readonly def: string | undefined; readonly tier: string; key(): string }
  /** A result wasn't stored because something happened to the key meanwhile. */
  fenced: { readonly def: string | undefined; readonly tier: string; key(): string }
  /**
   * A value wasn't stored in a tier: over its size limit, not encodable without loss, or there was no key to seal it
   * with.
   */
  refused: {
    readonly def: string | undefined
    readonly tier: string
    readonly why: 'too-large' | 'unencodable' | 'unsealed'
    readonly error: unknown
    key(): string
  }
  /** A removal. `origin`: asked for here, heard from another process, or reported by the database. */
  invalidate: {
    readonly keys: number
    readonly tags: readonly string[]
    readonly origin: 'local' | 'bus' | 'db'
    /** All that was removed, keys by name. */
    removal(): Removal
  }
  evict: { readonly tier: string; readonly cause: 'size' | 'expired'; key(): string }
  /** A remote tier stopped being usable. Once per transition. */
  degraded: { readonly tier: string; readonly why: 'timeout' | 'error'; readonly error: unknown }
  recovered: { readonly tier: string; readonly downMs: number }
  'bus:gap': { readonly tier: string }
  /** One round trip to a remote tier, for all that was asked in one turn. `items`: keys, tags or frames in it. */
  call: {
    readonly tier: string
    readonly verb: TierVerb
    readonly items: number
    readonly ms: number
    readonly outcome: 'ok' | 'timeout' | 'error'
  }
  /**
   * What a tier had was not used. `decode`: not intact, not of this key, or unreadable. `auth`: not sealed as it must be,
   * or changed since. `key`: sealed with a key that was retired, destroyed or can't be had. `schema`: not of the form that
   * the definition asks for.
   */
  poisoned: {
    readonly def: string | undefined
    readonly tier: string
    readonly why: 'decode' | 'auth' | 'key' | 'schema'
    readonly error: unknown
    key(): string
  }
  /** A finding about the set-up of a tier. Once per finding. */
  warning: { readonly tier: string } & SetupFinding
}

export type EventName = keyof EventMap

/** Every event that a cache has. */
export const eventNames: readonly EventName[] = [
  'hit',
  'miss',
  'load',
  'load:error',
  'save:error',
  'backfill',
  'fenced',
  'refused',
  'invalidate',
  'evict',
  'degraded',
  'recovered',
  'bus:gap',
  'call',
  'poisoned',
  'warning',
]

/** Listeners by event. Whoever emits tests `on[name]` first, so that an event nobody listens to costs one test. */
export class Events {
  readonly on: Partial<Record<EventName, readonly ((event: never) => void)[]>> = {}

  add<E extends EventName>(name: E, listener: (event: EventMap[E]) => void): () => void {
    const listen = listener as (event: never) => void
    this.on[name] = [...(this.on[name] ?? []), listen]
    return () => {
      const rest = (this.on[name] ?? []).filter((l) => l !== listen)
      if (rest.length > 0) this.on[name] = rest
      else delete this.on[name]
    }
  }

  emit<E extends EventName>(name: E, event: EventMap[E]): void {
    for (const listener of this.on[name] ?? []) {
      try {
        const told: unknown = (listener as (event: EventMap[E]) => unknown)(event)
        // Of an async function: nobody else hears of its rejection, which would end the process.
        if (isPromise(told)) told.catch(() => {})
      } catch {
        // A listener can't break a call; whoever wants its errors catches them there.
      }
    }
  }
}
