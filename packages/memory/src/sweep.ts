import type { Clock } from '@tierstack/cache-core'
import type { Slots } from './slots.ts'

const interval = 1_000
const hurry = 10
const mostPerTick = 1_000
/** Ms after which a tick leaves the rest to the next one: a look at the clock every so many entries. */
const longest = 1
const looksEvery = 32

/**
 * Frees expired entries that nobody asks for, a few per tick, round and round: others wait for a tick no longer than 1 ms.
 *
 * As long as a quarter or more of a tick's entries had expired, the next tick comes at once (the active expire
 * cycle of Redis): a burst of entries of one age goes quickly, and nothing is paid when little expires. A timer
 * exists only while there are entries.
 */
export class ExpirySweep {
  readonly #clock: Clock
  readonly #slots: Pick<Slots, 'size' | 'top'>
  readonly #dropExpired: (slot: number, now: number) => boolean
  #cursor = 0
  #cancel: (() => void) | undefined

  /** `dropExpired` returns whether the slot's entry had expired. */
  constructor(
    clock: Clock,
    slots: Pick<Slots, 'size' | 'top'>,
    dropExpired: (slot: number, now: number) => boolean,
  ) {
    this.#clock = clock
    this.#slots = slots
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
    this.#cursor = 0
  }

  #schedule(ms: number): void {
    // What `dropExpired` reports may have woken us within the tick.
    this.#cancel?.()
    this.#cancel = this.#clock.after(ms, () => {
      const dense = this.#step()
      if (this.#slots.size === 0) this.rest()
      else this.#schedule(dense ? hurry : interval)
    })
  }

  /** Returns whether expired entries were dense. */
  #step(): boolean {
    const now = this.#clock.now()
    const budget = Math.min(mostPerTick, this.#slots.top)
    let dropped = 0
    let looked = 0
    while (looked < budget) {
      if (this.#cursor >= this.#slots.top) this.#cursor = 0
      if (this.#dropExpired(this.#cursor++, now)) dropped++
      if (++looked % looksEvery === 0 && this.#clock.now() - now >= longest) break
    }
    return dropped * 4 >= looked
  }
}
