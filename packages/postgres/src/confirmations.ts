import type { Lsn } from './lsn.ts'

/**
 * Which position may be confirmed: the end of the last transaction before which everything is done. Transactions are
 * added in the order of their commits and finish in any order.
 */
export class Confirmations {
  readonly #waiting: { readonly end: Lsn; done: boolean }[] = []
  #first = 0
  #position: Lsn = 0n

  get position(): Lsn {
    return this.#position
  }

  /** How many aren't done. */
  get size(): number {
    return this.#waiting.length - this.#first
  }

  /** Returns the function that tells when it is done. */
  add(end: Lsn): () => void {
    const entry = { end, done: false }
    this.#waiting.push(entry)
    return () => {
      entry.done = true
      this.#advance()
    }
  }

  /** Nothing is under way: everything that was sent is done. */
  passed(end: Lsn): void {
    if (this.size === 0 && end > this.#position) this.#position = end
  }

  #advance(): void {
    for (let next = this.#waiting[this.#first]; next?.done; next = this.#waiting[this.#first]) {
      this.#position = next.end
      this.#first++
    }
    if (this.#first > 1_000 && this.#first * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#first)
      this.#first = 0
    }
  }
}
