import type { Client } from 'pg'
import type { Findings } from './finding.ts'

export interface FeedNames {
  /** Name of the publication that the change feed reads. */
  readonly publication: string
  /** Name of its replication slot. */
  readonly slot: string
}

/** A slot that is further behind than this keeps the reader from seeing changes in time, bytes. */
const farBehind = 64 * 1024 ** 2

/** What a change feed by logical replication needs of the server. */
export async function checkPostgres(client: Client, names: FeedNames, findings: Findings): Promise<void> {
  const settings = await settingsOf(client)
  if (settings['wal_level'] !== 'logical') {
    findings.error(
      'wal-level',
      `\`wal_level\` is \`${settings['wal_level']}\`: changes can't be followed.`,
      'Set `wal_level = logical` and restart the server.',
    )
  }
  for (const name of ['max_replication_slots', 'max_wal_senders'] as const) {
    if (Number(settings[name]) > 0) continue
    findings.error(
      name.replaceAll('_', '-'),
      `\`${name}\` is 0: nobody can follow changes.`,
      `Set \`${name} = 10\`.`,
    )
  }
  if (settings['max_slot_wal_keep_size'] === '-1') {
    findings.warning(
      'slot-keep-size',
      'A reader that is away keeps all log since then, until the disk is full: `max_slot_wal_keep_size` is -1.',
      'Set `max_slot_wal_keep_size = 10GB`: past it the slot is lost, and the feed begins anew.',
    )
  }
  await checkRights(client, findings)
  if (settings['wal_level'] === 'logical') await checkSlot(client, names.slot, findings)
  await checkPublication(client, names.publication, findings)
}

async function settingsOf(client: Client): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('wal_level', 'max_replication_slots', 'max_wal_senders', 'max_slot_wal_keep_size')",
  )
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}

async function checkRights(client: Client, findings: Findings): Promise<void> {
  const { rows } = await client.query<{ name: string; may: boolean }>(
    'select rolname as name, rolreplication or rolsuper as may from pg_roles where rolname = current_user',
  )
  if (rows[0]?.may !== false) return
  findings.error(
    'replication-right',
    `The role \`${rows[0].name}\` may not replicate.`,
    `Run \`ALTER ROLE "${rows[0].name}" REPLICATION\`, or use the LISTEN/NOTIFY feed, which needs no such right.`,
  )
}

interface Slot {
  readonly plugin: string | null
  readonly active: boolean
  readonly wal_status: string | null
  readonly behind: string | null
}

async function checkSlot(client: Client, slot: string, findings: Findings): Promise<void> {
  const { rows } = await client.query<Slot>(
    `select plugin, active, wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::text as behind
       from pg_replication_slots where slot_name = $1 and database = current_database()`,
    [slot],
  )
  const [found] = rows
  if (found === undefined) {
    findings.warning(
      'slot',
      `There is no replication slot \`${slot}\` in this database.`,
      'Start a process with the change feed: it makes the slot, and follows changes from then on.',
    )
    return
  }
  if (found.wal_status === 'lost' || found.wal_status === 'unreserved') {
    findings.error(
      'slot-lost',
      `The slot \`${slot}\` is ${found.wal_status}: changes since then can't be read any more.`,
      `Run \`SELECT pg_drop_replication_slot('${slot}')\`; the feed makes it anew and invalidates what it may have missed.`,
    )
  }
  if (!found.active) {
    findings.error(
      'slot-inactive',
      `Nobody reads the slot \`${slot}\`: changes of the database reach no cache, and its log piles up.`,
      'Start a process with the change feed, or drop the slot if it is not used any more.',
    )
  }
  const behind = Number(found.behind ?? 0)
  if (behind > farBehind) {
    findings.warning(
      'slot-lag',
      `The reader of the slot \`${slot}\` is ${Math.round(behind / 1024 ** 2)} MB behind.`,
      'Look for a bulk change, or give the process that follows the feed more CPU.',
    )
  }
}

async function checkPublication(client: Client, publication: string, findings: Findings): Promise<void> {
  const { rows } = await client.query('select 1 from pg_publication where pubname = $1', [publication])
  if (rows.length === 0) {
    findings.warning(
      'publication',
      `There is no publication \`${publication}\`.`,
      `Run \`CREATE PUBLICATION "${publication}" FOR TABLE …\` with the tables that are cached.`,
    )
    return
  }
  const { rows: tables } = await client.query<{ name: string; identity: string; keyed: boolean }>(
    `select format('%I.%I', t.schemaname, t.tablename) as name, c.relreplident as identity,
            exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary) as keyed
       from pg_publication_tables t
       join pg_namespace n on n.nspname = t.schemaname
       join pg_class c on c.relname = t.tablename and c.relnamespace = n.oid
      where t.pubname = $1`,
    [publication],
  )
  for (const { name, identity, keyed } of tables) {
    if (identity === 'n') {
      findings.error(
        'replica-identity',
        `The table ${name} has REPLICA IDENTITY NOTHING: updates and deletes of it are refused.`,
        `Run \`ALTER TABLE ${name} REPLICA IDENTITY DEFAULT\`.`,
      )
    } else if (!keyed && identity === 'd') {
      findings.error(
        'primary-key',
        `The table ${name} has no primary key: updates and deletes of it are refused while it is published.`,
        `Give it a primary key, or run \`ALTER TABLE ${name} REPLICA IDENTITY FULL\`.`,
      )
    }
  }
}
