import type { Clock } from '@tierstack/cache-core'
import type { EvictionPolicy } from './eviction-policy.ts'

const interval = 1_000
const hurry = 10
const mostPerTick = 1_000

/**
 * Frees expired entries that nobody asks for, a few per tick, round and round.
 *
 * As long as a quarter or more of a tick's entries had expired, the next tick comes at once (the active expire
 * cycle of Redis): a burst of entries of one age goes quickly, and nothing is paid when little expires. A timer
 * exists only while there are entries.
 */
export class ExpirySweep {
  readonly #clock: Clock
  readonly #entries: Pick<EvictionPolicy, 'size' | 'keys'>
  readonly #dropExpired: (key: string, now: number) => boolean
  #cursor: Iterator<string> | undefined
  #cancel: (() => void) | undefined

  /** `dropExpired` returns whether the entry had expired. */
  constructor(
    clock: Clock,
    entries: Pick<EvictionPolicy, 'size' | 'keys'>,
    dropExpired: (key: string, now: number) => boolean,
  ) {
    this.#clock = clock
    this.#entries = entries
    this.#dropExpired = dropExpired
  }

  /** To be called when an entry was added. */
  wake(): void {
    if (this.#cancel === undefined) this.#schedule(interval)
  }

  /** To be called when all entries are gone. */
  rest(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#cursor = undefined
  }

  #schedule(ms: number): void {
    // What `dropExpired` reports may have woken us within the tick.
    this.#cancel?.()
    this.#cancel = this.#clock.after(ms, () => {
      const dense = this.#step()
      if (this.#entries.size === 0) this.rest()
      else this.#schedule(dense ? hurry : interval)
    })
  }

  /** Returns whether expired entries were dense. */
  #step(): boolean {
    const now = this.#clock.now()
    const budget = Math.min(mostPerTick, this.#entries.size)
    let dropped = 0
    for (let looked = 0; looked < budget; looked++) {
      this.#cursor ??= this.#entries.keys()
      let next = this.#cursor.next()
      if (next.done === true) {
        this.#cursor = this.#entries.keys()
        next = this.#cursor.next()
        if (next.done === true) break
      }
      if (this.#dropExpired(next.value, now)) dropped++
    }
    return dropped * 4 >= budget
  }
}
