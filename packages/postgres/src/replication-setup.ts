import type { ChangeHost } from './change-source.ts'
import { quoteName, quoteTable } from './identifiers.ts'
import type { ResolvedReplication } from './replication-options.ts'
import { SetupError } from './setup-error.ts'
import type { Ask, FollowedTable } from './tables.ts'

const oldestServer = 140_000

/** Checks what can't be changed from here: version, `wal_level`, the right to replicate. */
export async function checkServer(ask: Ask): Promise<void> {
  const [server] = await ask(
    `select current_setting('server_version_num')::int as version, current_setting('wal_level') as level,
       current_user::text as "user", pg_is_in_recovery() as standby,
       (select rolsuper or rolreplication from pg_roles where rolname = current_user) as allowed`,
  )
  if (server === undefined) return
  if (Number(server['version']) < oldestServer) {
    const found = `the server is older than PostgreSQL 14 (${String(server['version'])})`
    throw new SetupError({ check: 'version', found, fix: 'upgrade it, or use `listenNotify` instead' })
  }
  if (server['standby'] === true) {
    const found = 'the connection leads to a standby, which takes no publication'
    throw new SetupError({ check: 'standby', found, fix: 'connect to the primary' })
  }
  if (server['level'] !== 'logical') {
    throw new SetupError({
      check: 'wal_level',
      found: `\`wal_level\` is \`${String(server['level'])}\`, not \`logical\``,
      fix: "run `ALTER SYSTEM SET wal_level = 'logical'` and restart PostgreSQL, or use `listenNotify` instead",
    })
  }
  if (server['allowed'] !== true && !(await managedRole(ask))) {
    const user = quoteName(String(server['user']))
    throw new SetupError({
      check: 'replication',
      found: `the user ${user} has no right to replicate`,
      fix: `run \`ALTER ROLE ${user} REPLICATION\` (on Amazon RDS: \`GRANT rds_replication TO ${user}\`), or use \`listenNotify\` instead`,
    })
  }
}

/** Providers that give no superuser have a role of their own for it. */
async function managedRole(ask: Ask): Promise<boolean> {
  const rows = await ask(
    `select from pg_roles where rolname in ('rds_replication', 'azure_pg_admin', 'cloudsqlsuperuser')
       and pg_has_role(oid, 'member')`,
  )
  return rows.length > 0
}

/**
 * Creates the publication, or adds to it what it lacks. Resolves to the tables that were added: what happened to them
 * before wasn't sent. What another process of the fleet added at the same time is not among them: it has that to tell.
 */
export async function ensurePublication(
  ask: Ask,
  { publication }: ResolvedReplication,
  tables: readonly FollowedTable[],
): Promise<readonly FollowedTable[]> {
  const name = quoteName(publication)
  const [existing] = await ask(
    `select puballtables as "all", pubinsert and pubupdate and pubdelete and pubtruncate as "verbs", pubviaroot as "root"
       from pg_publication where pubname = $1`,
    [publication],
  )
  if (existing === undefined) {
    const sql = `create publication ${name} for table ${tables.map(alone).join(', ')} with (publish_via_partition_root = true)`
    return (await change(ask, sql, there)) ? tables : []
  }
  if (existing['verbs'] !== true || existing['root'] !== true)
    await change(
      ask,
      `alter publication ${name} set (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)`,
    )
  // A row filter or a list of columns hides changes as well as a missing table does.
  const rows = await ask(
    `select t.schemaname::text as schema, t.tablename::text as "table", exists (
         select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
         join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
         where p.pubname = t.pubname and n.nspname = t.schemaname and c.relname = t.tablename
           and (to_jsonb(r) ->> 'prqual' is not null or to_jsonb(r) ->> 'prattrs' is not null)) as part
       from pg_publication_tables t where t.pubname = $1`,
    [publication],
  )
  const nameIn = ({ schema, table }: { schema?: unknown; table?: unknown }) =>
    `${String(schema)}.${String(table)}`
  const inPart = new Set(rows.filter(({ part }) => part === true).map(nameIn))
  for (const table of tables.filter((one) => inPart.has(nameIn(one))))
    await change(ask, `alter publication ${name} drop table ${alone(table)}`, gone)
  const published = new Set(rows.map(nameIn).filter((one) => !inPart.has(one)))
  const missing = tables.filter((table) => !published.has(nameIn(table)))
  const added: FollowedTable[] = []
  for (const table of missing) {
    const sql = `alter publication ${name} add table ${alone(table)}`
    if (await change(ask, sql, there)) added.push(table)
  }
  return existing['verbs'] === true && existing['root'] === true ? added : tables
}

/** Without the tables that inherit from it: one without a primary key could not be updated any more. */
function alone(table: FollowedTable): string {
  return `${table.partitioned ? '' : 'only '}${quoteTable(table)}`
}

const gone: readonly unknown[] = ['42704']

/** Errors of a thing that is there already; the second where both began before either was done. */
const there: readonly unknown[] = ['42710', '23505']

/**
 * Runs SQL that needs rights on the publication and its tables. Resolves to false for an error of `but`, which means that
 * somebody else was faster.
 */
async function change(ask: Ask, sql: string, but: readonly unknown[] = []): Promise<boolean> {
  try {
    await ask(sql)
    return true
  } catch (error) {
    const code = (error as { code?: string }).code
    if (but.includes(code)) return false
    if (code !== '42501') throw error
    const finding = {
      check: 'publication',
      found: `the user may not set up the publication (${(error as Error).message})`,
      fix: `run \`${sql}\` as the owner of the tables`,
    }
    throw new SetupError(finding, error)
  }
}

export interface SlotState {
  readonly active: boolean
  /** The server has removed log that the slot needs. */
  readonly lost: boolean
  /** A slot of that name which does something else. */
  readonly foreign: string | undefined
  /** Everything before was applied by whoever follows. */
  readonly confirmed: string | null
  /** Which log that is a position of: as `historyOf` names it. */
  readonly history: string | null
}

/** What a position belongs to: a server, and its timeline. */
export function historyOf(systemId: unknown, timeline: unknown): string {
  return `${String(systemId)}/${String(timeline)}`
}

export async function readSlot(ask: Ask, slot: string): Promise<SlotState | undefined> {
  const [row] = await ask(
    `select active, wal_status = 'lost' as lost, confirmed_flush_lsn::text as confirmed,
       case when not pg_is_in_recovery() then (select system_identifier::text from pg_control_system()) end as system,
       case when not pg_is_in_recovery() then
         ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end as timeline,
       case when plugin is distinct from 'pgoutput' then coalesce(plugin, slot_type)::text
            when database <> current_database() then 'database ' || database end as foreign
     from pg_replication_slots where slot_name = $1`,
    [slot],
  )
  if (row === undefined) return undefined
  const { system, timeline, ...state } = row
  const history = timeline === null ? null : historyOf(system, timeline)
  return { ...(state as Omit<SlotState, 'history'>), history }
}

/** Reports what the slot makes the server keep, and whether anything bounds that. */
export async function watchSlot(
  ask: Ask,
  { slot, warnAt }: ResolvedReplication,
  host: ChangeHost,
): Promise<void> {
  const [row] = await ask(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 as kept,
       pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::float8 as behind, wal_status as status,
       current_setting('max_slot_wal_keep_size') as "limit"
     from pg_replication_slots where slot_name = $1`,
    [slot],
  )
  if (row === undefined) return
  host.lag(Math.max(0, Number(row['behind'])))
  if (row['limit'] === '-1') {
    host.warn({
      check: 'max_slot_wal_keep_size',
      found: `nothing limits what the slot \`${slot}\` keeps on disk while no process follows`,
      fix: "run `ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'` (or what the disk allows) and `SELECT pg_reload_conf()`",
    })
  }
  const kept = Number(row['kept'])
  if (kept > warnAt || row['status'] === 'unreserved') {
    // One finding for each doubling.
    const step = warnAt * 2 ** Math.max(0, Math.floor(Math.log2(kept / warnAt)))
    host.warn({
      check: 'slot-size',
      found: `the slot \`${slot}\` keeps more than ${Math.round(step / 1024 ** 2)} MB of log on disk`,
      fix: `let a process follow it, or drop it with \`SELECT pg_drop_replication_slot('${slot}')\``,
    })
  }
}
