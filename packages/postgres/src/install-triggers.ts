import { checkKeys } from '@tierstack/cache-core'
import { checkTables } from './option-checks.ts'
import { checkColumns, withColumns } from './reported-columns.ts'
import type { ReportedColumns } from './reported-columns.ts'
import { checkChannel } from './reporting-options.ts'
import { findTables, forTriggers } from './tables.ts'
import { installSql, uninstallSql } from './triggers.ts'
import type { ReportBy } from './triggers.ts'

/** Anything that runs SQL as `pg`, PGlite and their kin do. */
export interface SqlClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  /** Where `query` takes one statement only, as that of PGlite. */
  exec?(text: string): Promise<unknown>
}

export interface InstallOptions {
  /** @default every table of the schema `public` that has a primary key */
  readonly tables?: readonly string[]
  /** Columns, by table, that are reported besides the key, as they were and as they are. @default none */
  readonly columns?: ReportedColumns
  /** @default 'tierstack' */
  readonly channel?: string
  /** What the triggers feed: `listenNotify` or `outbox`. @default 'notify' */
  readonly by?: ReportBy
}

/**
 * SQL that installs the triggers which `listenNotify` or `outbox` live on, for a migration. Idempotent. Reads the
 * tables' primary keys from the database, and changes nothing.
 */
export async function triggerSql(client: SqlClient, options: InstallOptions = {}): Promise<string> {
  checkKeys('trigger options', options, ['tables', 'columns', 'channel', 'by'])
  const ask = async (text: string, values: readonly unknown[] = []) =>
    (await client.query(text, [...values])).rows as { [column: string]: unknown }[]
  const tables = await findTables(ask, checkTables(options.tables), { warn: () => {} }, forTriggers)
  const reported = await withColumns(ask, tables, checkColumns(options.columns))
  return installSql(reported, options.by ?? 'notify', checkChannel(options.channel ?? 'tierstack'))
}

/** Installs the triggers, in one transaction. Needs the rights of the owner. */
export async function installTriggers(client: SqlClient, options: InstallOptions = {}): Promise<void> {
  await run(client, await triggerSql(client, options))
}

/** Removes all triggers of ours, their functions and the outbox. */
export async function uninstallTriggers(client: SqlClient): Promise<void> {
  await run(client, uninstallSql)
}

async function run(client: SqlClient, sql: string): Promise<void> {
  const text = `begin; ${sql}; commit`
  try {
    await (client.exec ? client.exec(text) : client.query(text))
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}
