// Numbers as people read them.

/** A count: `12,345`. */
export const count = (value) => Math.round(value).toLocaleString('en')

/** Something per second: `0.4`, `12`, `9,840`. */
export const rate = (value) => (value > 0 && value < 10 ? value.toFixed(1) : count(value))

/** A share of 1: `99.2 %`. */
export const percent = (share) =>
  share === null ? '–' : `${(share === 1 ? 100 : Math.floor(share * 1_000) / 10).toLocaleString('en')} %`

/** A time in ms, in the unit that suits it. */
export function time(ms) {
  if (ms === null) return '–'
  if (ms < 0.001) return `${Math.round(ms * 1e6)} ns`
  if (ms < 1) return `${digits(ms * 1e3)} µs`
  if (ms < 1_000) return `${digits(ms)} ms`
  if (ms < 120_000) return `${digits(ms / 1e3)} s`
  return ms < 7_200_000 ? `${digits(ms / 60_000)} min` : `${digits(ms / 3_600_000)} h`
}

const digits = (value) => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en'))

export function bytes(value) {
  if (value < 1_024) return `${value} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length, Math.floor(Math.log2(value) / 10))
  return `${digits(value / 1_024 ** power)} ${units[power - 1]}`
}

/** The time of day of an instant. */
export const clock = (at) => new Date(at).toLocaleTimeString('en-GB')
