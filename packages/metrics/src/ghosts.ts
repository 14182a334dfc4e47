/*
 * Remembers which entries a local tier dropped for space, and how long ago, counted in drops. An entry asked for again
 * after `d` drops would have been a hit in a tier with about `d` more places (Mattson et al., "Evaluation techniques
 * for storage hierarchies", 1970: the stack distance, here of what fell out). A key is kept as 32 bits of a hash.
 */
const most = 200_000
/** Distances are counted on a scale with so many steps to a doubling. */
const steps = 4

export class Ghosts {
  readonly #droppedAt = new Map<number, number>()
  readonly #distances: number[] = []
  #drops = 0

  /** The tier dropped the entry for space. */
  dropped(key: string): void {
    const hash = hashOf(key)
    this.#droppedAt.delete(hash)
    this.#droppedAt.set(hash, ++this.#drops)
    if (this.#droppedAt.size <= most) return
    for (const oldest of this.#droppedAt.keys()) {
      this.#droppedAt.delete(oldest)
      break
    }
  }

  /** The entry was asked for, and had to be fetched from farther away. */
  missed(key: string): void {
    const hash = hashOf(key)
    const at = this.#droppedAt.get(hash)
    if (at === undefined) return
    this.#droppedAt.delete(hash)
    const bucket = Math.ceil(steps * Math.log2(this.#drops - at + 1))
    this.#distances[bucket] = (this.#distances[bucket] ?? 0) + 1
  }

  /** How many of the misses would have been hits with `more` more places: at least, as the scale is coarse. */
  hitsWith(more: number): number {
    let hits = 0
    for (const [bucket, count] of this.#distances.entries()) {
      if (2 ** (bucket / steps) <= more + 1) hits += count ?? 0
    }
    return hits
  }
}

/** FNV-1a, 32 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  }
  return hash >>> 0
}
