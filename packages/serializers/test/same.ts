import { types } from 'node:util'

function bytes(value: object): Buffer | undefined {
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength)
  return types.isArrayBuffer(value) ? Buffer.from(value) : undefined
}

function contents(value: object): unknown[] {
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof Map) return [...value].flat()
  if (value instanceof Set) return [...value]
  return Object.entries(value).flat()
}

/**
 * Whether two values are alike to the last detail: prototypes, -0 and 0, invalid dates, and the order of names, of
 * Map entries and of Set members. Node's own comparison finds invalid dates different in some versions, and
 * ignores order.
 */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  const [left, right] = [bytes(a), bytes(b)]
  if (left !== undefined && right !== undefined) return left.equals(right)
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false
  const [inA, inB] = [contents(a), contents(b)]
  return inA.length === inB.length && inA.every((item, i) => same(item, inB[i]))
}
