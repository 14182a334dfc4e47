/**
 * Until when the buses vouch that no removal by another process was missed, on `clock.now()`. `Infinity` where
 * nobody else can remove anything unnoticed by design: no bus at all.
 */
export class Liveness {
  until: number = Number.POSITIVE_INFINITY
  readonly #buses: number[] = []
  readonly #waiting = new Set<() => void>()

  /** Registers a bus, which vouches for nothing yet. Returns the function by which it moves its instant. */
  join(): (until: number) => void {
    const index = this.#buses.push(Number.NEGATIVE_INFINITY) - 1
    this.until = Number.NEGATIVE_INFINITY
    return (until) => {
      this.#buses[index] = until
      this.until = Math.min(...this.#buses)
      if (this.#waiting.size > 0 && this.until > Number.NEGATIVE_INFINITY)
        for (const told of this.#waiting) told()
    }
  }

  /** Calls back, until told to leave, whenever all buses vouch again: how long they do is the caller's to look at. */
  watch(told: () => void): () => void {
    this.#waiting.add(told)
    return () => this.#waiting.delete(told)
  }
}
