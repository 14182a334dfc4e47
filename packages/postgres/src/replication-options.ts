import { checkKeys, expectation, parseBytes, parseDuration } from '@tierstack/cache-core'
import type { Bytes, Duration } from '@tierstack/cache-core'
import type { ConnectionOptions } from './connection.ts'

export interface LogicalReplicationOptions {
  /** A connection string or a `pg` client configuration, of a user with the right to replicate. */
  readonly connection: ConnectionOptions
  /**
   * Tables to follow: `users`, or `billing.invoices` outside of the schema `public`.
   * @default every table of the schema `public` that has a primary key
   */
  readonly tables?: readonly string[]
  /** Publication, created when it doesn't exist. @default 'tierstack' */
  readonly publication?: string
  /** Replication slot, created when it doesn't exist. One fleet shares one: one process follows, others stand by. @default 'tierstack' */
  readonly slot?: string
  /**
   * A slot of this process alone, which goes with its connection: for caches without a shared tier or bus, where every
   * process has to hear of every change. Each reconnect is a gap.
   * @default false
   */
  readonly temporary?: boolean
  /** After so much silence a connection counts as dead, on both sides; at least 1 s. @default '5s' */
  readonly silence?: Duration
  /** How often a process that stands by looks whether the slot is free. @default '500ms' */
  readonly takeOver?: Duration
  /** How often slot, publication and tables are checked. @default '10s' */
  readonly check?: Duration
  /** A `warning` is reported when the slot keeps more of the log than this. @default '1gb' */
  readonly warnAt?: Bytes
}

export interface ResolvedReplication {
  readonly connection: ConnectionOptions
  readonly tables: readonly string[] | undefined
  readonly publication: string
  readonly slot: string
  readonly temporary: boolean
  readonly silence: number
  readonly takeOver: number
  readonly check: number
  readonly warnAt: number
}

export const replicationOptionNames = [
  'connection',
  'tables',
  'publication',
  'slot',
  'temporary',
  'silence',
  'takeOver',
  'check',
  'warnAt',
] as const

function checkConnection(given: unknown): ConnectionOptions {
  if (typeof given === 'string' && given !== '') return given
  if (typeof given === 'object' && given !== null) return given as ConnectionOptions
  throw expectation('connection', 'a connection string or the configuration of a `pg` client', given)
}

/** Tables as `schema.table` are two parts; a name alone is of the schema `public`. */
function checkTables(given: unknown): readonly string[] | undefined {
  if (given === undefined) return undefined
  const names = Array.isArray(given) && given.every((name) => typeof name === 'string' && name !== '')
  if (!names || given.length === 0) throw expectation('tables', 'a list of table names', given)
  return [...new Set(given as string[])]
}

function atLeast(name: string, given: Duration, least: number): number {
  const ms = parseDuration(name, given)
  if (ms < least || !Number.isFinite(ms)) throw expectation(name, `a duration of at least ${least} ms`, given)
  return ms
}

export function resolveReplication(given: LogicalReplicationOptions): ResolvedReplication {
  checkKeys('logicalReplication options', given, replicationOptionNames)
  const slot = given.slot ?? 'tierstack'
  if (typeof slot !== 'string' || !/^[a-z0-9_]{1,50}$/.test(slot))
    throw expectation('slot', 'at most 50 lower-case letters, digits and underscores', slot)
  const publication = given.publication ?? 'tierstack'
  if (typeof publication !== 'string' || publication === '' || publication.length > 63)
    throw expectation('publication', 'a name of at most 63 characters', publication)
  const temporary: unknown = given.temporary ?? false
  if (typeof temporary !== 'boolean') throw expectation('temporary', 'true or false', temporary)
  return {
    connection: checkConnection(given.connection),
    tables: checkTables(given.tables),
    publication,
    slot,
    temporary,
    silence: atLeast('silence', given.silence ?? '5s', 1_000),
    takeOver: atLeast('takeOver', given.takeOver ?? '500ms', 20),
    check: atLeast('check', given.check ?? '10s', 100),
    warnAt: parseBytes('warnAt', given.warnAt ?? '1gb'),
  }
}
