export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >>> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** How far the rounds lie apart: the distance of the quartiles over the median. */
export function spread(numbers: readonly number[]): number {
  if (numbers.length < 2) return 0
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] as number
  return (at(0.75) - at(0.25)) / median(sorted)
}

/** The value below which this share of the numbers lies. */
export function percentile(numbers: Float64Array | readonly number[], share: number): number {
  const sorted = Float64Array.from(numbers).toSorted()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
