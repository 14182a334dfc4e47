import type { Clock } from './clock.ts'

const remembered = 2_000

/**
 * Wakes readers who wait for another process' load: when it was stored, and when its key was removed, as the lease went
 * with it, and nobody tells of its end. The announcement may overtake the reply that tells us to wait, so the recent ones
 * are remembered by number.
 */
export class FillWatch {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #recent = new Map<string, number>()
  #number = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be taken before asking for the lease. */
  moment(): number {
    return this.#number
  }

  /** The lease on the key is over. */
  ended(key: string): void {
    this.#recent.delete(key)
    this.#recent.set(key, ++this.#number)
    if (this.#recent.size > remembered) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest)
        break
      }
    }
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return
    this.#waiting.delete(key)
    for (const wake of waiting) wake()
  }

  /** Resolves when a lease on the key ended after `moment`, or after `ms`. */
  wait(key: string, moment: number, ms: number): Promise<void> {
    if ((this.#recent.get(key) ?? 0) > moment) return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set()
      this.#waiting.set(key, waiting)
      const wake = () => {
        cancel()
        waiting.delete(wake)
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key)
        resolve()
      }
      const cancel = this.#clock.after(ms, wake)
      waiting.add(wake)
    })
  }
}
