/** Deterministic random numbers, 0 ≤ n < 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `count` ranks below `size`, the k-th drawn in proportion to 1/(k+1)^skew. */
export function zipfRanks(size: number, skew: number, count: number, seed: number): Uint32Array {
  const random = seeded(seed)
  const cumulative = new Float64Array(size)
  let sum = 0
  for (let i = 0; i < size; i++) cumulative[i] = sum += 1 / (i + 1) ** skew
  const ranks = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const wanted = random() * sum
    let low = 0
    let high = size - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((cumulative[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    ranks[i] = low
  }
  return ranks
}
