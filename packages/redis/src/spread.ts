import type { Layout } from './layout.ts'

/** Names of one call: all of one bucket, and few enough for one script. */
export interface Part<T> {
  readonly bucket: number
  readonly items: readonly T[]
  /** Where each item stands in the input. */
  readonly places: readonly number[]
}

const mostEach = 500
/** Bytes of a part's items together; a single one may have more. */
const heaviest = 4 * 1_024 ** 2

let places: readonly number[] = []

/** Every place up to `count`; most batches have as many items as the one before. */
function firstPlaces(count: number): readonly number[] {
  if (places.length !== count) places = Array.from({ length: count }, (_, i) => i)
  return places
}

/** Divides items into parts by the bucket of their names. */
export function spread<T>(layout: Layout, items: readonly T[], nameOf: (item: T) => string): Part<T>[] {
  if (layout.buckets === 1 && items.length > 0 && items.length <= mostEach)
    return [{ bucket: 0, items, places: firstPlaces(items.length) }]
  const parts: { bucket: number; items: T[]; places: number[] }[] = []
  const open = new Map<number, { bucket: number; items: T[]; places: number[] }>()
  for (const [place, item] of items.entries()) {
    const bucket = layout.bucketOf(nameOf(item))
    let part = open.get(bucket)
    if (part === undefined || part.items.length >= mostEach) {
      part = { bucket, items: [], places: [] }
      open.set(bucket, part)
      parts.push(part)
    }
    part.items.push(item)
    part.places.push(place)
  }
  return parts
}

/** Divides further what would be too much for one script, and hold up everybody else meanwhile. */
export function lighter<T>(parts: readonly Part<T>[], sizeOf: (item: T) => number): readonly Part<T>[] {
  return parts.some(({ items }) => sum(items, sizeOf) > heaviest)
    ? parts.flatMap((part) => divided(part, sizeOf))
    : parts
}

function divided<T>({ bucket, items, places }: Part<T>, sizeOf: (item: T) => number): Part<T>[] {
  const parts: Part<T>[] = []
  let from = 0
  let size = 0
  for (let i = 0; i < items.length; i++) {
    const own = sizeOf(items[i] as T)
    if (i > from && size + own > heaviest) {
      parts.push({ bucket, items: items.slice(from, i), places: places.slice(from, i) })
      from = i
      size = 0
    }
    size += own
  }
  parts.push({ bucket, items: items.slice(from), places: places.slice(from) })
  return parts
}

function sum<T>(items: readonly T[], sizeOf: (item: T) => number): number {
  let total = 0
  for (let i = 0; i < items.length; i++) total += sizeOf(items[i] as T)
  return total
}

/** Puts what came back for each part into the order of the input. */
export function gather<T, R>(
  parts: readonly Part<T>[],
  length: number,
  resultOf: (part: Part<T>, partAt: number, itemAt: number) => R,
): R[] {
  const results: R[] = []
  const [only] = parts
  if (parts.length === 1 && only !== undefined) {
    for (let i = 0; i < length; i++) results.push(resultOf(only, 0, i))
    return results
  }
  results.length = length
  for (const [partAt, part] of parts.entries()) {
    for (const [itemAt, place] of part.places.entries()) results[place] = resultOf(part, partAt, itemAt)
  }
  return results
}
