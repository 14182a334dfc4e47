/** What a scenario has to say. */
export interface Report {
  readonly tables: readonly Table[]
  readonly charts: readonly Chart[]
  readonly targets: readonly Target[]
}

export interface Table {
  readonly title: string
  /** What the numbers are, in a sentence or two. */
  readonly note: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A bar for each contestant, in one or several panels. */
export interface Chart {
  /** File name without extension. */
  readonly file: string
  readonly title: string
  readonly note: string
  readonly unit: string
  /** Which end of the scale is the good one. */
  readonly better: 'more' | 'less'
  /** For numbers that are magnitudes apart. */
  readonly log?: boolean
  readonly panels: readonly { readonly title: string; readonly bars: readonly Bar[] }[]
}

export interface Bar {
  readonly label: string
  readonly value: number
  readonly kind: 'ours' | 'peer' | 'yardstick'
}

export interface Target {
  readonly what: string
  /** `≤ 0.7 ×` and so on. */
  readonly limit: string
  readonly measured: number
  readonly met: boolean
}

/** A number that must not be more (or less) than a limit. */
export function target(
  what: string,
  measured: number,
  sign: '≤' | '≥' | '=',
  limit: number,
  unit: string = '×',
): Target {
  const met = sign === '≤' ? measured <= limit : sign === '≥' ? measured >= limit : measured === limit
  return { what, limit: `${sign} ${limit} ${unit}`, measured, met }
}

export function targetLine({ what, limit, measured, met }: Target): string {
  const unit = limit.replace(/^\S+ \S+ /, '')
  const shown = Number.isNaN(measured) ? 'not measured' : `${short(measured)} ${unit}`
  return `${what}: ${limit} · ${shown} · ${met ? 'met' : 'not met'}`
}

/** Three digits, with k and M. */
export function short(number: number): string {
  if (Number.isNaN(number)) return '–'
  if (number === 0) return '0'
  const size = Math.abs(number)
  if (size >= 1e6) return `${threeDigits(number / 1e6)}M`
  if (size >= 1e4) return `${threeDigits(number / 1e3)}k`
  return threeDigits(number)
}

function threeDigits(number: number): string {
  const size = Math.abs(number)
  return number.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3)
}
