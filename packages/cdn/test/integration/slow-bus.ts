import type { Bus, BusListener, Removal } from '@tierstack/cache-core'

/** A bus between the instances of one process, whose messages come when `deliver` runs what it is given. It loses none. */
export class SlowBus {
  readonly #listeners: BusListener[] = []
  readonly #deliver: (hand: () => void) => void

  constructor(deliver: (hand: () => void) => void) {
    this.#deliver = deliver
  }

  connect(): Bus {
    let own: BusListener | undefined
    return {
      open: ({ listener }) => {
        own = listener
        this.#listeners.push(listener)
        listener.live(Number.POSITIVE_INFINITY)
      },
      publish: (removal: Removal) => {
        for (const listener of this.#listeners)
          if (listener !== own) this.#deliver(() => listener.removed(removal))
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    }
  }
}
