/**
 * Finds slots by hash: linear hashing (Litwin, VLDB 1980) with chains through the slots. Each new slot splits one
 * bucket, so that no insertion ever rehashes the rest.
 */
export class SlotIndex {
  #heads = new Int32Array(64).fill(-1)
  #next = new Int32Array(0)
  /** Buckets in use; those below `#split` are already divided among twice as many as `#mask` + 1. */
  #mask = 15
  #split = 0
  readonly #hashAt: (slot: number) => number

  constructor(hashAt: (slot: number) => number) {
    this.#hashAt = hashAt
  }

  #bucket(hash: number): number {
    const bucket = hash & this.#mask
    return bucket < this.#split ? hash & (this.#mask * 2 + 1) : bucket
  }

  /** First slot that may have the hash; -1 for none. */
  first(hash: number): number {
    return this.#heads[this.#bucket(hash)] as number
  }

  /** The next slot of the same bucket; -1 ends. */
  after(slot: number): number {
    return this.#next[slot] as number
  }

  /** Makes room for slots below `capacity`. */
  grow(capacity: number): void {
    const next = new Int32Array(capacity)
    next.set(this.#next)
    this.#next = next
  }

  add(slot: number, hash: number, size: number): void {
    const bucket = this.#bucket(hash)
    this.#next[slot] = this.#heads[bucket] as number
    this.#heads[bucket] = slot
    if (size > this.#mask + 1 + this.#split) this.#divide()
  }

  remove(slot: number, hash: number): void {
    const bucket = this.#bucket(hash)
    const after = this.#next[slot] as number
    let at = this.#heads[bucket] as number
    if (at === slot) {
      this.#heads[bucket] = after
      return
    }
    while ((this.#next[at] as number) !== slot) at = this.#next[at] as number
    this.#next[at] = after
  }

  clear(): void {
    this.#heads = new Int32Array(64).fill(-1)
    this.#next = new Int32Array(0)
    this.#mask = 15
    this.#split = 0
  }

  #divide(): void {
    const low = this.#split
    const high = low + this.#mask + 1
    if (high >= this.#heads.length) {
      const heads = new Int32Array(Math.ceil(this.#heads.length * 1.25))
      heads.set(this.#heads)
      heads.fill(-1, this.#heads.length)
      this.#heads = heads
    }
    let at = this.#heads[low] as number
    this.#heads[low] = -1
    while (at >= 0) {
      const after = this.#next[at] as number
      const bucket = (this.#hashAt(at) & (this.#mask + 1)) === 0 ? low : high
      this.#next[at] = this.#heads[bucket] as number
      this.#heads[bucket] = at
      at = after
    }
    this.#split++
    if (this.#split <= this.#mask) return
    this.#mask = this.#mask * 2 + 1
    this.#split = 0
  }
}
