import type { Clock } from './clock.ts'

/** What other processes must drop. Carries names only, never values: a forged message can only cause a miss. */
export type Removal =
  | { readonly kind: 'keys'; readonly keys: readonly string[]; readonly soft: boolean }
  | { readonly kind: 'tags'; readonly tags: readonly string[]; readonly soft: boolean }
  | { readonly kind: 'all' }

/** What a bus tells the cache. Calls are synchronous and never throw. */
export interface BusListener {
  /**
   * A removal by another process (a bus may also report this process' own ones: that is harmless). `trace`: what
   * `RemoteHost.trace` was there, where the bus carried it.
   */
  removed(removal: Removal, trace?: string): void
  /** A key that somebody waited for was filled, or its lease given back. */
  filled(key: string): void
  /**
   * Every removal made before this instant minus the bus' bound has been reported: local entries count until then.
   * `lagMs`: how long the evidence took from its sending to here, where the bus knows.
   */
  live(until: number, lagMs?: number): void
  /** Messages may have been lost: everything held locally is suspect. */
  gap(): void
}

/** What a bus gets from the cache that it serves. */
export interface BusHost {
  readonly namespace: string
  readonly clock: Clock
  readonly listener: BusListener
}

/**
 * The invalidation channel between processes.
 *
 * A bus proves that nothing was lost: it numbers messages, notices its own silence, and moves `live(until)` forward
 * only on evidence. `until` is on `clock.now()`; a bus that can't lose anything reports `Infinity` once.
 */
export interface Bus {
  open(host: BusHost): void
  /** Rejects when the message may not have reached the channel. */
  publish(removal: Removal): Promise<void>
  close(): Promise<void>
}
