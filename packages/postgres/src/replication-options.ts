import { checkKeys, expectation, parseBytes } from '@tierstack/cache-core'
import type { Bytes, Duration } from '@tierstack/cache-core'
import type { ConnectionOptions } from './connection.ts'
import { atLeast, checkBoolean, checkConnection, checkTables } from './option-checks.ts'

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
  readonly perProcess?: boolean
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
  readonly perProcess: boolean
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
  'perProcess',
  'silence',
  'takeOver',
  'check',
  'warnAt',
] as const

export function resolveReplication(given: LogicalReplicationOptions): ResolvedReplication {
  checkKeys('logicalReplication options', given, replicationOptionNames)
  const slot = given.slot ?? 'tierstack'
  if (typeof slot !== 'string' || !/^[a-z0-9_]{1,50}$/.test(slot))
    throw expectation('slot', 'at most 50 lower-case letters, digits and underscores', slot)
  const publication = given.publication ?? 'tierstack'
  if (typeof publication !== 'string' || publication === '' || publication.length > 63)
    throw expectation('publication', 'a name of at most 63 characters', publication)
  return {
    connection: checkConnection(given.connection),
    tables: checkTables(given.tables),
    publication,
    slot,
    perProcess: checkBoolean('perProcess', given.perProcess),
    silence: atLeast('silence', given.silence ?? '5s', 1_000),
    takeOver: atLeast('takeOver', given.takeOver ?? '500ms', 20),
    check: atLeast('check', given.check ?? '10s', 100),
    warnAt: parseBytes('warnAt', given.warnAt ?? '1gb'),
  }
}
