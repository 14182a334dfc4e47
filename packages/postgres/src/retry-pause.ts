const shortest = 100
const longest = 2_000
/** A server that restarts is back within seconds: asking it is cheap, and each moment without it is one of stale reads. */
const briskTries = 50

/** How long to wait before a lost connection is tried again: brisk for some seconds, then ever more seldom. */
export class RetryPause {
  static readonly longest: number = longest
  #tries = 0

  next(): number {
    const rest = Math.max(0, this.#tries++ - briskTries)
    return Math.min(longest, shortest * 2 ** rest)
  }

  reset(): void {
    this.#tries = 0
  }
}
