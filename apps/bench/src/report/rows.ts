import type { Results } from '../results.ts'
import type { Bar } from './report.ts'
import { short } from './report.ts'

/** What the machine has to give, not a peer. */
const limit = 'MGET by hand'

/** One cell: the median, and in brackets the ratio to the yardstick in the same round. */
export function ratioCell(
  results: Results,
  name: string,
  kase: string,
  metric: string,
  yardstick: string,
  unit = '',
): string {
  if (!results.has(name, kase, metric)) return '–'
  const value = results.value(name, kase, metric)
  const ratio = results.ratio(name, kase, metric, yardstick)
  const shown = `${short(value)}${unit}`
  return Number.isNaN(ratio) ? shown : `${shown} (${short(ratio)}×)`
}

export function cell(results: Results, name: string, kase: string, metric: string, unit = ''): string {
  return results.has(name, kase, metric) ? `${short(results.value(name, kase, metric))}${unit}` : '–'
}

/** A row for each contestant: its name and version, then the cells; or why it is out. */
export function rowsOf(results: Results, cells: (name: string) => readonly string[]): string[][] {
  return results.contestants.map(({ name, version, error }) => {
    const title = `${name} ${version}`.trim()
    const own = cells(name)
    if (error === undefined) return [title, ...own]
    return [`${title}: **errs**, ${error.replaceAll('|', '/')}`, ...own.map(() => '–')]
  })
}

export function bars(results: Results, kase: string, metric: string, yardstick: string, scale = 1): Bar[] {
  return results.contestants.flatMap(({ name }): Bar[] => {
    const value = results.value(name, kase, metric) * scale
    if (Number.isNaN(value)) return []
    const kind =
      name === 'tierstack' || name.startsWith('with ') || name.startsWith('over ')
        ? 'ours'
        : name === yardstick || name === limit
          ? 'yardstick'
          : 'peer'
    return [{ label: name, value, kind }]
  })
}

/** The worst spread of the rounds, for a note below a table. */
export function worstSpread(results: Results, cases: readonly string[], metric: string): string {
  const spreads = results.contestants.flatMap(({ name }) =>
    cases.map((kase) => results.spread(name, kase, metric)).filter((n) => !Number.isNaN(n)),
  )
  return spreads.length === 0 ? '–' : `${Math.round(100 * Math.max(...spreads))} %`
}
