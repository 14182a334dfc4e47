import { styleText } from 'node:util'
import Table from 'cli-table3'

/** Where a command writes, and what it may know of its surroundings. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Is somebody looking at it? Then colours, live views and questions make sense. */
  readonly interactive: boolean
  /** Aborted when the user wants it to end. */
  readonly signal: AbortSignal
}

export type Cell = string | number | undefined | null

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

type Style = Parameters<typeof styleText>[0]

/** Writes for people, or as JSON for programs. */
export class Terminal {
  readonly io: Io
  readonly asJson: boolean

  constructor(io: Io, asJson: boolean) {
    this.io = io
    this.asJson = asJson
  }

  line(text = ''): void {
    this.io.out(`${text}\n`)
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value, undefined, this.io.interactive ? 2 : undefined))
  }

  /** One value: as JSON where that was asked for, else by `show`. */
  show(value: unknown, show: () => void): void {
    if (this.asJson) this.json(value)
    else show()
  }

  paint(style: Style, text: string): string {
    return this.io.interactive ? styleText(style, text, { validateStream: false }) : text
  }

  /** Rows under a head; numbers to the right. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
    if (rows.length === 0) {
      this.line(this.paint('dim', '  (none)'))
      return
    }
    const aligned = head.map((_, column) =>
      rows.every((row) => typeof row[column] !== 'string') ? ('right' as const) : ('left' as const),
    )
    const table = new Table({
      head: head.map((name) => this.paint('dim', name)),
      chars: bare,
      colAligns: aligned,
      style: { head: [], border: [], 'padding-left': 2, 'padding-right': 0 },
    })
    for (const row of rows) table.push(row.map(shown))
    this.line(
      table
        .toString()
        .split('\n')
        .map((line) => line.trimEnd())
        .join('\n'),
    )
  }
}

/** No lines between cells. */
const bare = Object.fromEntries(
  (
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right ' +
    'left left-mid mid mid-mid right right-mid middle'
  )
    .split(' ')
    .map((name) => [name, '']),
)

function shown(cell: Cell): string {
  if (cell === undefined || cell === null) return ''
  return typeof cell === 'number' ? number.format(cell) : cell
}

export function shownShare(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${number.format(share * 100)} %`
}

export function shownBytes(bytes: number | undefined): string {
  if (bytes === undefined) return ''
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${number.format(bytes / 1024 ** power)} ${units[power]}`
}

export function shownMs(ms: number | null | undefined): string {
  if (ms === null) return 'for ever'
  if (ms === undefined) return ''
  if (ms < 1_000) return `${number.format(ms)} ms`
  if (ms < 120_000) return `${number.format(ms / 1_000)} s`
  return ms < 7_200_000 ? `${number.format(ms / 60_000)} min` : `${number.format(ms / 3_600_000)} h`
}
