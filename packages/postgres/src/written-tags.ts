import { keyTexts } from './key-condition.ts'
import type { Plan } from './plan.ts'
import { anyRowTag, rowTag, tableTag } from './tags.ts'

/** Stands for the tags of all tables, where nobody can tell which there are. No table is named so. */
export const everything = '\0'

/** What a statement that was executed may have changed. */
export function writtenTags(plan: Plan, values: readonly unknown[]): string[] {
  const { verb, tables, row } = plan
  if (verb === 'read' || verb === 'pass' || verb === 'session') return []
  if (tables.includes(everything)) return [everything]
  if (verb === 'insert' && !plan.updates) return tables.map((table) => tableTag(table))
  const keys = row && keyTexts(row, values)
  return tables.flatMap((table) =>
    row && keys && table === row.table
      ? [tableTag(table), ...keys.map((one) => rowTag(table, ...one))]
      : [tableTag(table), anyRowTag(table)],
  )
}
