const start = 0.01
const firstStep = 0.0625
const decay = 0.98
/** A change of the hit ratio that counts as another load: the climb begins anew. */
const restart = 0.05
/** Requests per entry between two steps. */
const sampled = 10
const most = 0.8

/**
 * Finds the window's share by hill climbing: goes on in the direction in which the hit ratio rose, in ever smaller steps.
 *
 * Einziger, Eytan, Friedman, Manes: "Adaptive Software Cache Management", Middleware 2018. The constants are Caffeine's.
 */
export class WindowClimb {
  share: number = start
  hits = 0
  misses = 0
  #step = -firstStep
  #ratio = 0

  /** To be called once per miss. */
  adjust(size: number): void {
    const requests = this.hits + this.misses
    if (requests < sampled * size) return
    const ratio = this.hits / requests
    const change = ratio - this.#ratio
    const amount = change >= 0 ? this.#step : -this.#step
    this.#step = Math.abs(change) >= restart ? firstStep * (amount >= 0 ? 1 : -1) : decay * amount
    this.share = Math.min(most, Math.max(0, this.share + amount))
    this.#ratio = ratio
    this.hits = 0
    this.misses = 0
  }

  /** While there is room, the hit ratio says nothing of the window. */
  pause(): void {
    this.hits = 0
    this.misses = 0
  }

  clear(): void {
    this.share = start
    this.hits = 0
    this.misses = 0
    this.#step = -firstStep
    this.#ratio = 0
  }
}
