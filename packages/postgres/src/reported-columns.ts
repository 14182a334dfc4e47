import { expectation } from '@tierstack/cache-core'
import { parseTable } from './identifiers.ts'
import { SetupError } from './setup-error.ts'
import type { Ask, FollowedTable } from './tables.ts'
import { tableName } from './tags.ts'

/** Columns by table that triggers report besides the key. */
export type ReportedColumns = Readonly<Record<string, readonly string[]>>

/** A table with the columns that its triggers report besides the key. */
export interface ReportedTable extends FollowedTable {
  readonly columns: readonly string[]
}

export function checkColumns(given: unknown): ReportedColumns {
  if (given === undefined) return {}
  const isList = (list: unknown) =>
    Array.isArray(list) && list.length > 0 && list.every((name) => typeof name === 'string' && name !== '')
  if (typeof given !== 'object' || given === null || !Object.values(given).every(isList))
    throw expectation('columns', 'lists of column names, by table', given)
  return given as ReportedColumns
}

const question = `
  select n.nspname::text as schema, c.relname::text as "table", array_agg(a.attname::text) as columns
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attnum > 0 and not a.attisdropped and c.relname = any($1::text[]) group by 1, 2`

/**
 * The tables with the columns asked for, those of the key left out, and with those that are reported already: two versions
 * of a program side by side don't undo each other's triggers. Rejects with a `SetupError` for a table that isn't
 * followed and for a column that isn't there: nobody's writes are to meet a trigger that can't work.
 */
export async function withColumns(
  ask: Ask,
  tables: readonly FollowedTable[],
  columns: ReportedColumns,
  reportedSoFar: (table: FollowedTable) => readonly string[] = () => [],
): Promise<ReportedTable[]> {
  const wanted = new Map(
    Object.entries(columns).map(([name, list]) => {
      const { schema, table } = parseTable(name)
      return [tableName(schema, table), list]
    }),
  )
  const found = await ask(question, [tables.map(({ table }) => table)])
  const reported = tables.map((table) => {
    const name = tableName(table.schema, table.table)
    const list = wanted.get(name) ?? []
    wanted.delete(name)
    const there = found.find((row) => row['schema'] === table.schema && row['table'] === table.table)
    const known = (there?.['columns'] ?? []) as string[]
    const unknown = list.find((column) => !known.includes(column))
    if (unknown !== undefined) {
      throw new SetupError({
        check: 'columns',
        found: `the table \`${name}\` has no column \`${unknown}\``,
        fix: 'take it out of `columns`',
      })
    }
    const all = [...list, ...reportedSoFar(table).filter((column) => known.includes(column))]
    return { ...table, columns: [...new Set(all)].filter((column) => !table.key.includes(column)) }
  })
  const [stray] = wanted.keys()
  if (stray === undefined) return reported
  throw new SetupError({
    check: 'columns',
    found: `\`columns\` names the table \`${stray}\`, which is not followed`,
    fix: 'add it to `tables`, or take it out of `columns`',
  })
}
