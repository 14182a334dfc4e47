import { createHash } from 'node:crypto'
import { quoteName, quoteTable, quoteText } from './identifiers.ts'
import type { ReportedTable } from './reported-columns.ts'
import type { FollowedTable } from './tables.ts'

/*
 * Triggers that report changed keys, by NOTIFY or into the outbox. For ordinary tables they run once per statement,
 * over its transition tables; for partitioned tables once per row, since only those reach writes to a partition.
 * ENABLE ALWAYS, so that rows which come by replication count too. A payload of NOTIFY is limited to 8000 bytes: keys go
 * out fifty at a time, and what doesn't fit, or is more than 10,000 keys, is reported as a change of the whole table.
 * Where columns are asked for, rows go out ten at a time, as they were and as they are; rows that don't fit, more than
 * 10,000 of them, and rows without one of those columns any more, go by their keys alone.
 */
const keysPerMessage = 50
const rowsPerMessage = 10
const mostChanges = 10_000
const mostBytes = 7_900

export type ReportBy = 'notify' | 'outbox'

/** Installs triggers on these tables. Idempotent: what is there is replaced. */
export function installSql(tables: readonly ReportedTable[], by: ReportBy, channel: string): string {
  const outbox = `
    create table if not exists tierstack.outbox (
      id bigint generated always as identity, xid xid8 not null default pg_current_xact_id(),
      made timestamptz not null default clock_timestamp(), payload text not null, primary key (xid, id));
    create table if not exists tierstack.outbox_position (reader text primary key, xid xid8 not null);`
  return `
    create schema if not exists tierstack;
    ${by === 'outbox' ? outbox : ''}
    ${tables.map((table) => tableSql(table, by, channel)).join('')}`
}

/** Removes every trigger that was installed, with its functions; with the outbox too when nothing else uses it. */
export const uninstallSql = `
  do $uninstall$
  declare found record;
  begin
    for found in
      select t.tgname, t.tgrelid::regclass as relation from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'tierstack' and not t.tgisinternal and t.tgparentid = 0
    loop
      execute format('drop trigger %I on %s', found.tgname, found.relation);
    end loop;
  end $uninstall$;
  drop schema if exists tierstack cascade;`

/** Triggers of ours by table, and whether each is switched on whatever the session. */
export const installedSql = `
  select n.nspname::text as schema, c.relname::text as "table",
    bool_and(t.tgenabled = 'A') as enabled, count(*)::int as triggers,
    bool_or(position(quote_literal($1::text) in p.prosrc) > 0) as "channel",
    min(coalesce(substring(p.prosrc from '/\\* columns (.*?) \\*/'), '[]')) as columns
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_proc p on p.oid = t.tgfoid join pg_namespace f on f.oid = p.pronamespace
  where f.nspname = 'tierstack' and not t.tgisinternal and t.tgparentid = 0 group by 1, 2`

/** How many triggers `installSql` puts on a table. */
export function triggersOf({ partitioned }: FollowedTable): number {
  return partitioned ? 2 : 4
}

function tableSql(table: ReportedTable, by: ReportBy, channel: string): string {
  const name = `${table.schema}.${table.table}`
  const fn = `tierstack.${quoteName(`report_${createHash('sha256').update(name).digest('hex').slice(0, 24)}`)}`
  const target = quoteTable(table)
  const send =
    by === 'notify'
      ? `perform pg_notify(${quoteText(channel)}, payload);`
      : `/* ${quoteText(channel)} */ insert into tierstack.outbox (payload) values (payload);`
  // Whoever writes the table needs no right on the outbox; names are not looked up where he may put some.
  const rights = by === 'outbox' ? 'security definer set search_path = pg_catalog, pg_temp' : ''
  const body = table.partitioned ? rowBody(table, send) : statementBody(table, send)
  const trigger = (suffix: string, clause: string, each: string) => `
    drop trigger if exists tierstack_${suffix} on ${target};
    create trigger tierstack_${suffix} after ${clause} on ${target} ${each} execute function ${fn}();
    alter table ${target} enable always trigger tierstack_${suffix};`
  const triggers = table.partitioned
    ? trigger('row', 'insert or update or delete', 'for each row')
    : trigger('insert', 'insert', 'referencing new table as new_rows for each statement') +
      trigger(
        'update',
        'update',
        'referencing old table as old_rows new table as new_rows for each statement',
      ) +
      trigger('delete', 'delete', 'referencing old table as old_rows for each statement')
  return `
    create or replace function ${fn}() returns trigger language plpgsql ${rights}
      set datestyle = 'ISO' set timezone = 'UTC' set intervalstyle = 'iso_8601' as ${body};
    ${triggers}
    ${trigger('truncate', 'truncate', 'for each statement')}`
}

/** Parts of the payload that are the same for every message of a table. */
function head({ schema, table }: FollowedTable): string {
  return `'s', ${quoteText(schema)}, 't', ${quoteText(table)}, 'o', tg_op`
}

function keyOf(table: FollowedTable, from: string): string {
  return `json_build_array(${table.key.map((column) => `${from}.${quoteName(column)}::text`).join(', ')})::text`
}

/** The columns asked for, as texts, in the order of `names`. */
function valuesOf({ columns }: ReportedTable, from: string): string {
  return `json_build_array(${columns.map((column) => `${from}.${quoteName(column)}::text`).join(', ')})`
}

/** One row that changed, as `[key, before, after]`. */
function changeOf(key: string, before: string, after: string): string {
  return `json_build_array((${key})::json, ${before}, ${after})::text`
}

/** Of an update's old and new rows, side by side: where the key changed, one of the two is missing. */
function changeOfPair(table: ReportedTable): string {
  const there = (from: string) => `${from}.${quoteName(table.key[0] as string)} is not null`
  const values = (from: string) => `case when ${there(from)} then ${valuesOf(table, from)} end`
  const key = `case when ${there('n')} then ${keyOf(table, 'n')} else ${keyOf(table, 'o')} end`
  return changeOf(key, values('o'), values('n'))
}

/** Names of the columns, in the payload and where an installed trigger is asked for them. */
function namesOf({ columns }: ReportedTable): string {
  // No way out of the comment.
  return JSON.stringify(columns).replaceAll('/', String.raw`\/`)
}

function statementBody(table: ReportedTable, send: string): string {
  const keys = (rows: string) => `select ${keyOf(table, 'r')} as k from ${rows} r`
  return dollar(`
    declare payload text; whole text := json_build_object(${head(table)}, 'all', true)::text;
      chunks text[]; changed text[];
    begin
      if tg_op = 'TRUNCATE' then
        payload := whole; ${send}
        return null;
      end if;
      ${table.columns.length === 0 ? '' : rowsOfStatement(table, send)}
      if tg_op = 'INSERT' then
        chunks := array(${chunked(keys('new_rows'), keysPerMessage)});
      elsif tg_op = 'DELETE' then
        chunks := array(${chunked(keys('old_rows'), keysPerMessage)});
      else
        chunks := array(${chunked(`${keys('old_rows')} union ${keys('new_rows')}`, keysPerMessage)});
      end if;
      if cardinality(chunks) > ${mostChanges / keysPerMessage} then chunks := array[null]; end if;
      for i in 1 .. cardinality(chunks) loop
        payload := coalesce(json_build_object(${head(table)}, 'k', chunks[i]::json)::text, whole);
        if chunks[i] is null or octet_length(payload) > ${mostBytes} then payload := whole; end if;
        ${send}
      end loop;
      return null;
    end`)
}

/** Reports rows, and returns, unless they are too many, too large, or without one of the columns. */
function rowsOfStatement(table: ReportedTable, send: string): string {
  const { key } = table
  const same = key
    .map((column) => `o.${quoteName(column)}::text = n.${quoteName(column)}::text`)
    .join(' and ')
  const rows = (select: string, from: string) =>
    `changed := array(${chunked(`select ${select} as k from ${from}`, rowsPerMessage)});`
  return `
      /* columns ${namesOf(table)} */
      begin
        if tg_op = 'INSERT' then ${rows(changeOf(keyOf(table, 'n'), 'null', valuesOf(table, 'n')), 'new_rows n')}
        elsif tg_op = 'DELETE' then ${rows(changeOf(keyOf(table, 'o'), valuesOf(table, 'o'), 'null'), 'old_rows o')}
        else ${rows(changeOfPair(table), `old_rows o full join new_rows n on ${same}`)}
        end if;
        select array_agg(${reportOfRows(table, 'c')}) into changed from unnest(changed) c;
      exception when undefined_column then changed := null;
      end;
      if cardinality(changed) <= ${mostChanges / rowsPerMessage}
        and (select max(octet_length(c)) from unnest(changed) c) <= ${mostBytes} then
        foreach payload in array changed loop ${send} end loop;
        return null;
      end if;`
}

function reportOfRows(table: ReportedTable, rows: string): string {
  return `json_build_object(${head(table)}, 'c', ${quoteText(JSON.stringify(table.columns))}::json, 'x', ${rows}::json)::text`
}

/** Texts, some to an array. */
function chunked(texts: string, each: number): string {
  return `select '[' || string_agg(k, ',') || ']' from (
    select k, (row_number() over () - 1) / ${each} as part from (${texts}) distinct_keys) numbered group by part`
}

function rowBody(table: ReportedTable, send: string): string {
  const keys = `case tg_op when 'INSERT' then ${keyOf(table, 'new')} when 'DELETE' then ${keyOf(table, 'old')}
          else ${keyOf(table, 'old')} || ',' || ${keyOf(table, 'new')} end`
  return dollar(`
    declare payload text; whole text := json_build_object(${head(table)}, 'all', true)::text; keys text;
    begin
      if tg_op = 'TRUNCATE' then payload := whole;
      else
        ${table.columns.length === 0 ? '' : wholeRow(table)}
        if payload is null or octet_length(payload) > ${mostBytes} then
          keys := ${keys};
          payload := json_build_object(${head(table)}, 'k', ('[' || keys || ']')::json)::text;
        end if;
        if octet_length(payload) > ${mostBytes} then payload := whole; end if;
      end if;
      ${send}
      return null;
    end`)
}

function wholeRow(table: ReportedTable): string {
  const one = (before: string, after: string, key: string) =>
    `payload := ${reportOfRows(table, `('[' || ${changeOf(keyOf(table, key), before, after)} || ']')`)};`
  const [before, after] = [valuesOf(table, 'old'), valuesOf(table, 'new')]
  return `
        /* columns ${namesOf(table)} */
        begin
          if tg_op = 'INSERT' then ${one('null', after, 'new')}
          elsif tg_op = 'DELETE' then ${one(before, 'null', 'old')}
          elsif ${keyOf(table, 'old')} = ${keyOf(table, 'new')} then ${one(before, after, 'new')}
          end if;
        exception when undefined_column then payload := null;
        end;`
}

function dollar(body: string): string {
  return `$tierstack$${body}$tierstack$`
}
