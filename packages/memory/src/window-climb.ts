const start = 0.01
const firstStep = 0.0625
/** Entries that the first step is at least. */
const leastStep = 2
const decay = 0.98
/** A change of the hit ratio that counts as another load: the climb begins anew. */
const restart = 0.05
/** Requests per entry between two steps. */
const sampled = 10
const most = 0.8
/** Entries up to which a tier is small: its steps shrink more slowly, and the times between them grow as they shrink. */
const small = 512
const smallDecay = 0.995
const longestSample = 4

/**
 * Finds the window's share by hill climbing: goes on in the direction in which the hit ratio rose, in ever smaller steps.
 *
 * Einziger, Eytan, Friedman, Manes: "Adaptive Software Cache Management", Middleware 2018. The constants, and what is
 * different for small tiers, are those of the simple climber in Caffeine's simulator.
 */
export class WindowClimb {
  share: number = start
  hits = 0
  misses = 0
  #step = 0
  #up = false
  #stretch = 1
  #ratio = 0

  /** To be called once per miss. */
  adjust(size: number): void {
    const requests = this.hits + this.misses
    if (requests < sampled * size * this.#stretch) return
    const first = Math.max(firstStep, leastStep / size)
    if (this.#step === 0) {
      this.#step = first
      this.#up = size <= small
    }
    const ratio = this.hits / requests
    const change = ratio - this.#ratio
    if (change < 0) this.#up = !this.#up
    if (Math.abs(change) >= restart) {
      this.#step = first
      this.#stretch = 1
    }
    this.share = Math.min(most, Math.max(0, this.share + (this.#up ? this.#step : -this.#step)))
    this.#step *= size <= small ? smallDecay : decay
    if (size <= small) this.#stretch = Math.min(longestSample, Math.max(1, first / this.#step))
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
    this.#step = 0
    this.#up = false
    this.#stretch = 1
    this.#ratio = 0
  }
}
