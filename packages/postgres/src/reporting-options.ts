import { checkKeys, expectation } from '@tierstack/cache-core'
import type { Duration } from '@tierstack/cache-core'
import type { ConnectionOptions } from './connection.ts'
import { atLeast, checkBoolean, checkConnection, checkTables } from './option-checks.ts'
import { checkColumns } from './reported-columns.ts'
import type { ReportedColumns } from './reported-columns.ts'
import type { EmbeddedDatabase } from './session.ts'

/** Options of the sources that are fed by triggers. */
export interface ReportingOptions {
  /** A connection string or a `pg` client configuration; straight to the server, not by way of a pooler. */
  readonly connection?: ConnectionOptions
  /** A database within this process instead, such as PGlite. */
  readonly database?: EmbeddedDatabase
  /** Tables to follow. @default every table of the schema `public` that has a primary key */
  readonly tables?: readonly string[]
  /**
   * Columns, by table, whose values before and after a change `map` is to see, besides the key.
   * @default none
   */
  readonly columns?: ReportedColumns
  /** Name of the channel, or of the outbox' reader. One fleet shares one. @default 'tierstack' */
  readonly channel?: string
  /** Installs the triggers where they are missing, which takes the rights of the tables' owner. @default false */
  readonly install?: boolean
  /**
   * Every process follows for itself: for caches without a shared tier or bus.
   * @default false: one process of the fleet follows, the others stand by
   */
  readonly perProcess?: boolean
  /** After so much silence a connection counts as dead; at least 200 ms. @default '2s' */
  readonly silence?: Duration
  /** How often a process that stands by looks whether it may take over. @default '500ms' */
  readonly takeOver?: Duration
  /** How often triggers and tables are checked. @default '10s' */
  readonly check?: Duration
}

export interface OutboxOptions extends ReportingOptions {
  /** How often the outbox is read. @default '100ms' */
  readonly poll?: Duration
  /** How long rows stay in the outbox at least. @default '10m' */
  readonly keep?: Duration
}

export interface ResolvedReporting {
  readonly connection: ConnectionOptions | undefined
  readonly database: EmbeddedDatabase | undefined
  readonly tables: readonly string[] | undefined
  readonly columns: ReportedColumns
  readonly channel: string
  readonly install: boolean
  readonly perProcess: boolean
  readonly silence: number
  readonly takeOver: number
  readonly check: number
  readonly poll: number
  readonly keep: number
}

export const notifyOptionNames = [
  'connection',
  'database',
  'tables',
  'columns',
  'channel',
  'install',
  'perProcess',
  'silence',
  'takeOver',
  'check',
] as const

export const outboxOptionNames: readonly string[] = [...notifyOptionNames, 'poll', 'keep']

export function resolveReporting(what: 'listenNotify' | 'outbox', given: OutboxOptions): ResolvedReporting {
  checkKeys(`${what} options`, given, what === 'outbox' ? outboxOptionNames : notifyOptionNames)
  const { connection, database } = given
  if ((connection === undefined) === (database === undefined))
    throw expectation('connection', 'the address of a server, or `database` instead', connection)
  if (database !== undefined && typeof database?.listen !== 'function')
    throw expectation('database', 'a database with `query`, `exec` and `listen`, such as PGlite', database)
  return {
    connection: connection === undefined ? undefined : checkConnection(connection),
    database,
    tables: checkTables(given.tables),
    columns: checkColumns(given.columns),
    channel: checkChannel(given.channel ?? 'tierstack'),
    install: checkBoolean('install', given.install),
    perProcess: checkBoolean('perProcess', given.perProcess) || database !== undefined,
    silence: atLeast('silence', given.silence ?? '2s', 200),
    takeOver: atLeast('takeOver', given.takeOver ?? '500ms', 20),
    check: atLeast('check', given.check ?? '10s', 100),
    poll: atLeast('poll', given.poll ?? '100ms', 5),
    keep: atLeast('keep', given.keep ?? '10m', 1_000),
  }
}

export function checkChannel(given: unknown): string {
  if (typeof given === 'string' && /^[a-z_][a-z0-9_]{0,62}$/.test(given)) return given
  throw expectation('channel', 'at most 63 lower-case letters, digits and underscores', given)
}
