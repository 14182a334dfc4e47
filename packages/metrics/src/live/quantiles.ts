/** Width of a bucket: each is so many times the one before. */
const growth = 1.05
/** Upper end of the first bucket, ms. */
const least = 0.000_05
const buckets = 380
const seconds = 10

/**
 * Quantiles of the last ten seconds, in the same memory however many values there are. A quantile is off by 2.5 % at
 * most: values are counted in buckets that grow by 5 %, from 50 ns to over an hour.
 */
export class Quantiles {
  readonly #rings = Array.from({ length: seconds }, () => new Float64Array(buckets))
  #now = 0

  note(ms: number): void {
    const bucket = ms <= least ? 0 : Math.ceil(Math.log(ms / least) / Math.log(growth))
    const ring = this.#rings[this.#now] as Float64Array
    const at = Math.min(bucket, buckets - 1)
    ring[at] = (ring[at] as number) + 1
  }

  /** To be called each second: the oldest second is forgotten. */
  turn(): void {
    this.#now = (this.#now + 1) % seconds
    this.#rings[this.#now]?.fill(0)
  }

  /** The value below which `share` of them are; undefined without any. */
  at(share: number): number | undefined {
    const counts = new Float64Array(buckets)
    let total = 0
    for (const ring of this.#rings) {
      for (let i = 0; i < buckets; i++) {
        const count = ring[i] as number
        counts[i] = (counts[i] as number) + count
        total += count
      }
    }
    if (total === 0) return undefined
    let below = 0
    const wanted = share * total
    const bucket = counts.findIndex((count) => (below += count) >= wanted)
    // The geometric middle of the bucket.
    return least * growth ** (bucket - 0.5)
  }
}
