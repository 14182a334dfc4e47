import type { ChangeHost, SourceFinding } from './change-source.ts'
import type { SqlRow } from './connection.ts'
import { parseTable, quoteTable } from './identifiers.ts'
import type { TableName } from './identifiers.ts'
import { SetupError } from './setup-error.ts'
import { tableName } from './tags.ts'

export type Ask = (text: string, values?: readonly unknown[]) => Promise<SqlRow[]>

/** A table that can be followed. */
export interface FollowedTable extends TableName {
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[]
  readonly partitioned: boolean
}

/**
 * Ordinary and partitioned tables with their primary key, and whether the log of a deleted or moved row would have all
 * of that key in it. Partitions count as their parent.
 */
const question = `
  select n.nspname::text as schema, c.relname::text as "table", c.relpersistence::text as persistence,
    c.relkind = 'p' as partitioned,
    array(
      select a.attname::text from pg_index i
      cross join unnest(i.indkey::int2[]) with ordinality as part(attnum, place)
      join pg_attribute a on a.attrelid = c.oid and a.attnum = part.attnum
      where i.indrelid = c.oid and i.indisprimary order by part.place
    ) as key,
    c.relreplident = 'f' or exists (
      select from pg_index i
      join pg_index p on p.indrelid = c.oid and p.indisprimary
      where i.indrelid = c.oid and p.indkey::int2[] <@ i.indkey::int2[]
        and (c.relreplident = 'd' and i.indisprimary or c.relreplident = 'i' and i.indisreplident)
    ) as "whole"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'tierstack')
    and n.nspname not like 'pg\\_temp%'`

interface FoundTable extends FollowedTable {
  readonly persistence: string
  readonly whole: boolean
}

type Fault = (table: FoundTable) => SourceFinding | undefined

/** What a log needs of a table. */
const inLog: Fault = (table) => unlogged(table) ?? keyless(table) ?? incomplete(table)

/** What a trigger needs of a table. */
export const forTriggers: Fault = (table) => keyless(table)

/**
 * The tables to follow. Those asked for by name must be fit for it, else a `SetupError` names the fix; of all tables,
 * those that aren't are left out with a warning.
 */
export async function findTables(
  ask: Ask,
  names: readonly string[] | undefined,
  host: Pick<ChangeHost, 'warn'>,
  fault: Fault = inLog,
): Promise<FollowedTable[]> {
  const found = (await ask(question)) as unknown as FoundTable[]
  if (names === undefined) {
    const open = found.filter(({ schema }) => schema === 'public')
    const unfit = open.map(fault).filter((one) => one !== undefined)
    for (const finding of unfit)
      host.warn({ ...finding, fix: `${finding.fix}; until then its changes are not followed` })
    return open.filter((table) => fault(table) === undefined)
  }
  return names.map((name) => {
    const { schema, table } = parseTable(name)
    const one = found.find((other) => other.schema === schema && other.table === table)
    if (one === undefined) {
      throw new SetupError({
        check: 'table',
        found: `the table \`${name}\` doesn't exist, or is no ordinary table`,
        fix: 'create it, or take it out of `tables`',
      })
    }
    const finding = fault(one)
    if (finding) throw new SetupError(finding)
    return one
  })
}

function unlogged(table: FoundTable): SourceFinding | undefined {
  if (table.persistence === 'p') return undefined
  const found = `the table \`${nameOf(table)}\` is unlogged, so its changes are in no log`
  return { check: 'unlogged', found, fix: `run \`ALTER TABLE ${quoteTable(table)} SET LOGGED\`` }
}

function keyless(table: FoundTable): SourceFinding | undefined {
  if (table.key.length > 0) return undefined
  const fix = `run \`ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY (…)\` with the column that identifies a row`
  return { check: 'primary-key', found: `the table \`${nameOf(table)}\` has no primary key`, fix }
}

function incomplete(table: FoundTable): SourceFinding | undefined {
  if (table.whole) return undefined
  const found = `the REPLICA IDENTITY of the table \`${nameOf(table)}\` doesn't contain its primary key`
  return {
    check: 'replica-identity',
    found,
    fix: `run \`ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY DEFAULT\``,
  }
}

function nameOf({ schema, table }: TableName): string {
  return tableName(schema, table)
}
