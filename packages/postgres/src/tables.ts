import type { ChangeHost, SourceFinding } from './change-source.ts'
import type { SqlRow } from './connection.ts'
import { parseTable, quoteTable } from './identifiers.ts'
import type { TableName } from './identifiers.ts'
import { SetupError } from './setup-error.ts'
import { tableName } from './tags.ts'

export type Ask = (text: string, values?: readonly unknown[]) => Promise<SqlRow[]>

export interface KeyedTable extends TableName {
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[]
}

/** A table that can be followed. */
export interface FollowedTable extends KeyedTable {
  readonly partitioned: boolean
  /** Tables that it inherits from: its rows are rows of theirs. A key that is empty isn't known. */
  readonly above: readonly KeyedTable[]
  /** Which table has the name, and its columns. */
  readonly structure: string
  /** Partitions that hold rows: which file each has, and whether there is anything in it. */
  readonly leaves: readonly { readonly id: string; readonly file: string; readonly empty: boolean }[]
}

/**
 * Ordinary and partitioned tables with their primary key, and whether the log of a deleted or moved row would have all
 * of that key in it. Partitions count as their parent.
 */
const question = `
  with recursive above(oid, parent) as (
    select i.inhrelid, i.inhparent from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where not c.relispartition and c.relkind in ('r', 'p')
    union select above.oid, i.inhparent from above join pg_inherits i on i.inhrelid = above.parent
  )
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
    ) as "whole",
    c.oid || ' ' || (select string_agg(a.attname || ' ' || a.atttypid, ',' order by a.attnum) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as structure,
    case when c.relkind = 'p' then (select coalesce(json_agg(json_build_object('id', l.relid::oid::text,
        'file', pg_relation_filenode(l.relid)::text, 'empty', pg_relation_size(l.relid) = 0)), '[]')
      from pg_partition_tree(c.oid) l where l.isleaf and l.relid <> c.oid) else '[]' end as leaves,
    (select coalesce(json_agg(json_build_object('schema', an.nspname, 'table', ac.relname, 'key', array(
        select ka.attname from pg_index i
        cross join unnest(i.indkey::int2[]) with ordinality as part(attnum, place)
        join pg_attribute ka on ka.attrelid = ac.oid and ka.attnum = part.attnum
        where i.indrelid = ac.oid and i.indisprimary order by part.place))), '[]')
      from above join pg_class ac on ac.oid = above.parent join pg_namespace an on an.oid = ac.relnamespace
      where above.oid = c.oid) as above
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
  if (names === undefined)
    return fit(
      found.filter(({ schema }) => schema === 'public'),
      fault,
      host,
    )
  const named = names.map((name) => {
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
  const below = found.filter(
    (one) =>
      !named.includes(one) &&
      one.above.some(({ schema, table }) => named.some((n) => n.schema === schema && n.table === table)),
  )
  return [...named, ...fit(below, fault, host)]
}

function fit(tables: readonly FoundTable[], fault: Fault, host: Pick<ChangeHost, 'warn'>): FoundTable[] {
  return tables.filter((table) => {
    const finding = fault(table)
    if (finding) host.warn({ ...finding, fix: `${finding.fix}; until then its changes are not followed` })
    return finding === undefined
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
