/**
 * Until when the buses vouch that no removal by another process was missed, on `clock.now()`. `Infinity` where
 * nobody else can remove anything unnoticed by design: no bus at all.
 */
export class Liveness {
  until: number = Number.POSITIVE_INFINITY
  readonly #buses: number[] = []

  /** Registers a bus, which vouches for nothing yet. Returns the function by which it moves its instant. */
  join(): (until: number) => void {
    const index = this.#buses.push(Number.NEGATIVE_INFINITY) - 1
    this.until = Number.NEGATIVE_INFINITY
    return (until) => {
      this.#buses[index] = until
      this.until = Math.min(...this.#buses)
    }
  }
}
