/** What a scenario prints: one table. */
export interface Table {
  readonly title: string
  readonly note: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Run {
  readonly quick: boolean
  /** Called with 0…1 as the scenario proceeds. */
  progress(done: number): void
}

/** One question, asked of all contestants in the same run. */
export interface Scenario {
  readonly name: string
  readonly question: string
  run(run: Run): Promise<readonly Table[]>
}

export function markdown(table: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = table.columns.map((_, i) => (i === 0 ? '---' : '--:'))
  return [
    `### ${table.title}`,
    '',
    table.note,
    '',
    line(table.columns),
    line(rule),
    ...table.rows.map(line),
    '',
  ].join('\n')
}
