import { expectation } from './expectation.ts'

/** Bytes, or text with a unit: `1024`, `'64mb'`. Units are powers of 1024. */
export type Bytes = number | `${number}${'kb' | 'mb' | 'gb'}`

const units: Record<string, number> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** Bytes, more than 0; `Infinity` is allowed. Throws `INVALID_OPTION` for anything else. */
export function parseBytes(what: string, given: unknown): number {
  if (typeof given === 'number' && given > 0) return given
  if (typeof given === 'string') {
    const match = /^(\d+(?:\.\d+)?)(kb|mb|gb)$/.exec(given)
    const bytes = match ? Math.floor(Number(match[1]) * (units[match[2] as string] as number)) : 0
    if (bytes > 0) return bytes
  }
  throw expectation(what, 'bytes or a number with a unit (kb, mb, gb), more than 0', given)
}
