/** Columns of text, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)),
  )
  const widths = head.map((name, i) => Math.max(name.length, ...texts.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[], right: (i: number) => boolean) =>
    cells
      .map((cell, i) => (right(i) ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd()
  const isNumber = (i: number) => typeof rows[0]?.[i] === 'number'
  return [line(head, isNumber), ...texts.map((row) => line(row, isNumber))].join('\n')
}
