/** Numbers from 0 to less than 1, the same ones for the same seed (mulberry32 by Tommy Ettinger). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Draws places from 0 to `count` - 1; place r comes with a probability proportional to 1 / (r + 1) ^ `exponent`
 * (Zipf's law). Exact: by bisection of the cumulated weights.
 */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const cumulated = new Float64Array(count)
  let total = 0
  for (let place = 0; place < count; place++) {
    total += (place + 1) ** -exponent
    cumulated[place] = total
  }
  return () => {
    const drawn = random() * total
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((cumulated[middle] as number) > drawn) high = middle
      else low = middle + 1
    }
    return low
  }
}
