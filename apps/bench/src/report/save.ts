import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Played } from '../results.ts'
import type { Level } from '../scenario.ts'
import { chartSvg } from './chart.ts'
import type { Report } from './report.ts'

/** What is kept of one scenario's run. */
export interface Saved {
  readonly scenario: string
  readonly question: string
  readonly date: string
  readonly machine: string
  readonly level: Level
  readonly rounds: number
  readonly contestants: readonly Played[]
  readonly report: Report
}

const resultsFolder = join(import.meta.dirname, '..', '..', 'results')

/** Writes the page, the numbers and the charts. */
export function save(saved: Saved, text: string): void {
  mkdirSync(resultsFolder, { recursive: true })
  writeFileSync(join(resultsFolder, `${saved.scenario}.md`), `${text.trim()}\n`)
  writeFileSync(join(resultsFolder, `${saved.scenario}.json`), `${JSON.stringify(saved, rounded, 1)}\n`)
  for (const chart of saved.report.charts)
    writeFileSync(join(resultsFolder, `${chart.file}.svg`), chartSvg(chart))
}

/** Five digits are more than a measurement has. */
function rounded(_: string, value: unknown): unknown {
  if (typeof value !== 'number') return value
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null
}
