import { AsyncLocalStorage } from 'node:async_hooks'
import { CacheError } from './errors.ts'

/**
 * Bounds how many loads run at once, so that a cold or broken cache doesn't become a stampede on the database.
 *
 * A load made inside another load passes freely: waiting for a place that its own caller holds would never end.
 */
export class Bulkhead {
  readonly limit: number
  readonly #queueLimit: number
  #running = 0
  readonly #queue: (() => void)[] = []
  readonly #inside = new AsyncLocalStorage<true>()

  constructor(limit: number, queueLimit: number) {
    this.limit = limit
    this.#queueLimit = queueLimit
  }

  get running(): number {
    return this.#running
  }

  get queued(): number {
    return this.#queue.length
  }

  /**
   * Waits for somebody else's load. Inside a load, its place is lent out meanwhile: the other load may be queueing
   * behind this very place.
   */
  lend<T>(wait: Promise<T>): Promise<T> {
    return this.#inside.getStore() ? this.#lent(wait) : wait
  }

  async #lent<T>(wait: Promise<T>): Promise<T> {
    this.#leave()
    try {
      return await wait
    } finally {
      // Taken back without queueing, beyond the limit if need be: this load has waited its turn already.
      this.#running++
    }
  }

  /** Rejects with `OVERLOADED` when the queue is full. */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#inside.getStore()) return await work()
    if (this.#running >= this.limit) {
      if (this.#queue.length >= this.#queueLimit) {
        throw new CacheError(
          'OVERLOADED',
          `Expected at most ${this.limit} concurrent loads and ${this.#queueLimit} waiting; raise \`bulkhead\`, or the source is too slow`,
        )
      }
      // Whoever ends hands its place over, so that nobody slips in between.
      await new Promise<void>((go) => {
        this.#queue.push(go)
      })
    } else this.#running++
    try {
      return await this.#inside.run(true, work)
    } finally {
      this.#leave()
    }
  }

  #leave(): void {
    const next = this.#queue.shift()
    if (next) next()
    else this.#running--
  }
}
