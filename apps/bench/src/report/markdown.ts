import type { Table } from './report.ts'
import type { Saved } from './save.ts'
import { targetLine } from './report.ts'

function tableText(table: Table): string {
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

/** The report of a scenario as a page; pictures only where they were written beside it. */
export function page(saved: Saved, pictures: boolean): string {
  const { question, report, contestants, rounds, level } = saved
  const how = `${rounds} round${rounds === 1 ? '' : 's'}${level === 'full' ? '' : `, \`${level}\``}`
  const parts = [`## ${question}`, '', `${saved.date}, ${saved.machine}. ${how}.`, '']
  if (pictures) for (const { file, title } of report.charts) parts.push(`![${title}](${file}.svg)`, '')
  for (const { name, error } of contestants)
    if (error !== undefined) parts.push(`**${name} errs:** ${error}`, '')
  if (report.targets.length > 0)
    parts.push('Targets, as limit · measured:', '', ...report.targets.map((t) => `- ${targetLine(t)}`), '')
  for (const table of report.tables) parts.push(tableText(table))
  return parts.join('\n')
}
