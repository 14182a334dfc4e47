const ways = 4
const fewest = 64

/**
 * Hashes of what was evicted lately. A table of four places a bucket, each with a hash and the number of its eviction:
 * no list, no object, 16 to 32 bytes a ghost. Two keys of one hash count as one, and a full bucket loses its oldest
 * early; either costs a wrong guess at most.
 */
export class GhostQueue {
  #hashes = new Int32Array(fewest)
  /** Number of the eviction; 0 for a free place. */
  #numbers = new Uint32Array(fewest)
  #evictions = 0
  #span = 0

  /** Remembers a hash until `span` more were added. */
  add(hash: number, span: number): void {
    this.#span = span
    if (span * 2 > this.#hashes.length) this.#grow(span)
    this.#evictions = (this.#evictions + 1) >>> 0 || 1
    const bucket = this.#bucket(hash)
    let place = bucket
    let oldest = -1
    for (let at = bucket; at < bucket + ways; at++) {
      if (this.#numbers[at] === 0 || this.#hashes[at] === hash) {
        place = at
        break
      }
      const age = this.#age(at)
      if (age <= oldest) continue
      oldest = age
      place = at
    }
    this.#hashes[place] = hash
    this.#numbers[place] = this.#evictions
  }

  /** Is the hash remembered? Forgets it. */
  take(hash: number): boolean {
    const bucket = this.#bucket(hash)
    for (let at = bucket; at < bucket + ways; at++) {
      if (this.#hashes[at] !== hash || this.#numbers[at] === 0) continue
      const recent = this.#age(at) < this.#span
      this.#numbers[at] = 0
      return recent
    }
    return false
  }

  clear(): void {
    this.#hashes = new Int32Array(fewest)
    this.#numbers = new Uint32Array(fewest)
  }

  #age(at: number): number {
    return (this.#evictions - (this.#numbers[at] as number)) >>> 0
  }

  #bucket(hash: number): number {
    return hash & (this.#hashes.length - 1) & ~(ways - 1)
  }

  /** Starts anew: the span grows only with the tier, and what is forgotten was evicted from a smaller one. */
  #grow(span: number): void {
    const length = 2 ** Math.ceil(Math.log2(span * 2))
    this.#hashes = new Int32Array(length)
    this.#numbers = new Uint32Array(length)
  }
}
