import type { Bucket } from '../provider.ts'

/** The vendor's token buckets as we reckon them: never more than they hold. */
export class Buckets {
  readonly #buckets: readonly (Bucket & { tokens: number; at: number })[]

  /** `share`: the part of the account's limits that this process may use. */
  constructor(contract: readonly Bucket[], share: number, now: number) {
    this.#buckets = contract.map(({ of, burst, perSecond }) => {
      const own = Math.max(1, Math.floor(burst * share))
      return { of, burst: own, perSecond: perSecond * share, tokens: own, at: now }
    })
  }

  /** Most things that one call may ever hold. */
  get most(): number {
    return Math.min(...this.#buckets.filter(({ of }) => of === 'item').map(({ burst }) => burst))
  }

  /** Ms until a call with so many things may go out; 0 when it may now. */
  delay(items: number, now: number): number {
    let delay = 0
    for (const bucket of this.#buckets) {
      const missing = cost(bucket.of, items) - this.#held(bucket, now)
      if (missing > 0) delay = Math.max(delay, Math.ceil((missing / bucket.perSecond) * 1000))
    }
    return delay
  }

  take(items: number, now: number): void {
    for (const bucket of this.#buckets) {
      bucket.tokens = this.#held(bucket, now) - cost(bucket.of, items)
      bucket.at = now
    }
  }

  /** Ms until so many things are through, in calls of `perCall`. */
  eta(items: number, perCall: number, now: number): number {
    let eta = 0
    for (const bucket of this.#buckets) {
      const needed = bucket.of === 'item' ? items : Math.ceil(items / perCall)
      eta = Math.max(eta, ((needed - this.#held(bucket, now)) / bucket.perSecond) * 1000)
    }
    return eta
  }

  #held({ tokens, at, burst, perSecond }: Bucket & { tokens: number; at: number }, now: number): number {
    return Math.min(burst, tokens + ((now - at) / 1000) * perSecond)
  }
}

function cost(of: Bucket['of'], items: number): number {
  return of === 'call' ? 1 : items
}
