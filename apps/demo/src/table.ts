import type { Report } from './report.ts'

export type Paint = (how: 'bold' | 'dim' | 'green', text: string) => string

const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** Milliseconds with three digits and a unit that keeps them readable; a dash where nothing was measured. */
export function shownTime(ms: number): string {
  if (ms <= 0) return '-'
  const [number, unit] = ms < 1 ? [ms * 1_000, 'µs'] : ms < 10_000 ? [ms, 'ms'] : [ms / 1_000, 's']
  return `${number < 100 ? number.toPrecision(3) : integer.format(number)} ${unit}`
}

export function shownShare(share: number): string {
  return `${tenths.format(share * 100)} %`
}

/** `1,234 x`, with a decimal while that matters. */
export function shownRatio(ratio: number): string {
  return `${ratio < 100 ? tenths.format(ratio) : integer.format(ratio)} x`
}

/** Columns as wide as their widest cell; the first aligned left, the others right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ')
      .trimEnd(),
  )
}

/** A table whose first row is its head. */
export function block(paint: Paint, rows: readonly (readonly string[])[]): string[] {
  const [head = '', ...body] = aligned(rows)
  return [`  ${paint('dim', head)}`, ...body.map((line) => `  ${line}`)]
}

function footnotes({ fill, edits, errors, firstError }: Report): string[] {
  const filled = `${integer.format(fill.reads)} reads before had filled the cache in ${tenths.format(fill.seconds)} s`
  const counted = `${integer.format(edits)} edits, ${integer.format(errors)} errors`
  return errors === 0 ? [filled, counted] : [filled, `${counted}, the first: ${String(firstError)}`]
}

/** The report as text for people, at most 80 columns wide. */
export function renderReport(report: Report, paint: Paint): string {
  const { sources, cached, bare, aggregate } = report
  const served = [
    ['served by', 'reads', 'of all', 'p50', 'p99'],
    ...sources.map((row) => [
      row.source,
      integer.format(row.reads),
      shownShare(row.share),
      shownTime(row.p50),
      shownTime(row.p99),
    ]),
    ['together', integer.format(cached.reads), '', shownTime(cached.p50), shownTime(cached.p99)],
  ]
  const compared = [
    ['', 'without cache', 'with cache', ''],
    ['reads', integer.format(bare.reads), integer.format(cached.reads), ''],
    ['reads per second', integer.format(bare.perSecond), integer.format(cached.perSecond), ''],
    ['p50', shownTime(bare.p50), shownTime(cached.p50), ''],
    ['p99', shownTime(bare.p99), shownTime(cached.p99), ''],
    ['mean', shownTime(bare.mean), shownTime(cached.mean), `${shownRatio(report.speedUp)} faster`],
    [
      'database queries per 1,000 reads',
      tenths.format(bare.queriesPer1000),
      tenths.format(cached.queriesPer1000),
      `${shownShare(report.fewerQueries)} fewer`,
    ],
  ]
  const statistics = [
    ['country statistics, p50', 'database', 'memory', ''],
    ['', shownTime(aggregate.database), shownTime(aggregate.memory), `${shownRatio(aggregate.ratio)} faster`],
  ]
  const good = (text: string): string => paint('green', paint('bold', text))
  return [
    `  hit rate ${good(shownShare(report.hitRate))}   database queries ${good(shownShare(report.fewerQueries))} fewer` +
      `   mean read ${good(shownRatio(report.speedUp))} faster`,
    '',
    ...block(paint, served),
    '',
    ...block(paint, compared),
    '',
    ...block(paint, statistics),
    '',
    ...footnotes(report).map((line) => `  ${paint('dim', line)}`),
  ].join('\n')
}
