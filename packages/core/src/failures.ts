import type { Clock } from './clock.ts'
import type { RemovalFence } from './fence.ts'

interface Failure {
  readonly error: unknown
  readonly until: number
  readonly sequence: number
}

const most = 10_000

/** Failed loads, for as long as they aren't to be repeated: a failing query isn't retried by every request. */
export class Failures {
  readonly #clock: Clock
  readonly #fence: RemovalFence
  readonly #failures = new Map<string, Failure>()

  constructor(clock: Clock, fence: RemovalFence) {
    this.#clock = clock
    this.#fence = fence
  }

  note(key: string, error: unknown, ms: number): void {
    if (ms <= 0) return
    this.#failures.delete(key)
    this.#failures.set(key, { error, until: this.#clock.now() + ms, sequence: this.#fence.sequence })
    if (this.#failures.size <= most) return
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest)
      break
    }
  }

  /** The failure that still counts. A removal of the key ends it: the caller wants the new state. */
  recent(key: string): Failure | undefined {
    if (this.#failures.size === 0) return undefined
    const failure = this.#failures.get(key)
    if (failure === undefined) return undefined
    if (this.#clock.now() < failure.until && !this.#fence.keyRemoved(key, failure.sequence)) return failure
    this.#failures.delete(key)
    return undefined
  }

  forget(key: string): void {
    if (this.#failures.size > 0) this.#failures.delete(key)
  }
}
