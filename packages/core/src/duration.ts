import { expectation } from './expectation.ts'

/** Milliseconds, or text with a unit: `250`, `'30s'`, `'5m'`. `Infinity` means no limit. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** Time-to-live classes of the field, by how often the data changes. */
export type TtlPreset = 'hot' | 'warm' | 'cold' | 'static'

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const ttlPresets: Record<TtlPreset, number> = {
  hot: 30 * 60_000,
  warm: 3_600_000,
  cold: 24 * 3_600_000,
  static: 7 * 86_400_000,
}

const shape = 'milliseconds or a number with a unit (ms, s, m, h, d)'

/** Milliseconds, 0 or more. Throws `INVALID_OPTION` for a negative, NaN, or a text without a known unit. */
export function parseDuration(what: string, given: unknown): number {
  if (typeof given === 'number' && given >= 0) return given
  if (typeof given === 'string') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(given)
    if (match) return Number(match[1]) * (units[match[2] as string] as number)
  }
  throw expectation(what, shape, given)
}

/** As `parseDuration`, and the named presets. */
export function parseTtl(what: string, given: unknown): number {
  if (typeof given === 'string' && Object.hasOwn(ttlPresets, given)) return ttlPresets[given as TtlPreset]
  if (typeof given === 'number' && given >= 0) return given
  if (typeof given === 'string' && /^\d/.test(given)) return parseDuration(what, given)
  throw expectation(what, `${shape} or one of hot, warm, cold, static`, given)
}
