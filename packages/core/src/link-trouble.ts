import { Timeout } from './answer-in-time.ts'
import type { Clock } from './clock.ts'
import { CacheError } from './errors.ts'
import type { Events } from './events.ts'
import type { TierCounters } from './stats.ts'

const failuresToOpen = 2

type Why = 'timeout' | 'error'

export function whyOf(error: unknown): Why {
  return error instanceof Timeout ? 'timeout' : 'error'
}

/** Everything was done, but not confirmed by as many replicas as asked for. */
export function isUnreplicated(error: unknown): boolean {
  return error instanceof CacheError && error.code === 'UNREPLICATED'
}

/**
 * What goes wrong with a tier: counted, and told once however often it happens. A tier is lost after failures in a row;
 * one that can be read but not written (full, read-only), or that lacks replicas, stays in use.
 */
export class LinkTrouble {
  readonly counters: TierCounters = { errors: 0, timeouts: 0, opened: 0 }
  lastError: unknown
  /** Instant of the last change between usable and not, on the wall clock. */
  since: number
  #replicasMissing = false
  readonly #name: string
  readonly #clock: Clock
  readonly #events: Events
  #failures = 0
  #downAt = 0
  #degraded = false
  #writesFail = false

  constructor(name: string, clock: Clock, events: Events) {
    this.#name = name
    this.#clock = clock
    this.#events = events
    this.since = clock.wall()
  }

  get replicasMissing(): boolean {
    return this.#replicasMissing
  }

  answered(): void {
    this.#failures = 0
  }

  /** Resolves to whether the tier is lost by it. */
  failed(error: unknown): boolean {
    if (isUnreplicated(error)) {
      this.#unreplicated(error)
      return false
    }
    if (error instanceof Timeout) this.counters.timeouts++
    else this.counters.errors++
    this.lastError = error
    return ++this.#failures >= failuresToOpen
  }

  wrote(): void {
    if (!this.#writesFail) return
    this.#writesFail = false
    if (!this.#degraded) this.#tellRecovery()
  }

  writeFailed(error: unknown): void {
    if (this.#writesFail) return
    this.#writesFail = true
    this.#downAt = this.#clock.now()
    this.counters.errors++
    this.lastError = error
    this.#tell('error', error)
  }

  replicated(): void {
    if (!this.#replicasMissing) return
    this.#replicasMissing = false
    if (!this.#degraded) this.#tellRecovery()
  }

  down(error: unknown, why: Why = whyOf(error)): void {
    this.lastError = error
    if (this.#degraded) return
    this.#degraded = true
    this.counters.opened++
    this.#downAt = this.#clock.now()
    this.since = this.#clock.wall()
    this.#tell(why, error)
  }

  up(): void {
    this.#failures = 0
    if (!this.#degraded) return
    this.#degraded = false
    this.since = this.#clock.wall()
    this.#tellRecovery()
  }

  /** A store that lacks replicas answers: it stays in use, but for the keys whose removals aren't confirmed. */
  #unreplicated(error: unknown): void {
    this.counters.errors++
    this.lastError = error
    if (this.#replicasMissing) return
    this.#replicasMissing = true
    this.#downAt = this.#clock.now()
    this.#tell('error', error)
  }

  #tell(why: Why, error: unknown): void {
    if (this.#events.on.degraded) this.#events.emit('degraded', { tier: this.#name, why, error })
  }

  #tellRecovery(): void {
    if (!this.#events.on.recovered) return
    this.#events.emit('recovered', { tier: this.#name, downMs: this.#clock.now() - this.#downAt })
  }
}
