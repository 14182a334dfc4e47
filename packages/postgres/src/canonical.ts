import { saysMoment } from './passing.ts'

/** Values as a text that no other values have; undefined where that can't be. */
export function canonical(values: readonly unknown[]): string | undefined {
  const parts = values.map(part)
  return parts.includes(undefined) ? undefined : parts.join()
}

function part(value: unknown): string | undefined {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return `n${value}`
  if (value instanceof Date) return `d${value.getTime()}`
  if (ArrayBuffer.isView(value))
    return `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`
  if (Array.isArray(value)) {
    const parts = value.map(part)
    return parts.includes(undefined) ? undefined : `[${parts.join()}]`
  }
  if (typeof value === 'object' && !plain(value)) return undefined
  // The same text is another moment each time.
  if (typeof value === 'string' && saysMoment(value)) return undefined
  if (typeof value === 'number' && !Number.isFinite(value)) return `f${value}`
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : JSON.stringify(value)
}

/** Will a client write it as JSON? */
function plain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype && !('toPostgres' in value)
}
