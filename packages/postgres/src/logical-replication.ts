import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from 'node:crypto'
import type { ChangeHost, ChangeSource } from './change-source.ts'
import { SideConnection } from './connection.ts'
import { Following } from './following.ts'
import { parseLsn } from './lsn.ts'
import type { Lsn } from './lsn.ts'
import { ReachedPosition } from './reached-position.ts'
import { resolveReplication } from './replication-options.ts'
import type { LogicalReplicationOptions, ResolvedReplication } from './replication-options.ts'
import { checkServer, ensurePublication, historyOf, watchSlot } from './replication-setup.ts'
import { isInUse, ReplicationSlot } from './replication-slot.ts'
import { ReplicationStream } from './replication-stream.ts'
import { RetryPause } from './retry-pause.ts'
import { SetupError } from './setup-error.ts'
import { Structures } from './structures.ts'
import { findTables } from './tables.ts'
import type { Ask, FollowedTable } from './tables.ts'
import { tableName } from './tags.ts'
import { TransactionReader } from './transaction-reader.ts'

/** Slots that can't be followed any more: their log is gone, or the publication wasn't there when it was written. */
const deadSlot = /can no longer get changes from replication slot|publication "[^"]*" does not exist/

/**
 * Follows a database by logical replication (`pgoutput`): every committed change of the tables, from any client, in
 * the order of the commits, also those made while nobody followed. Creates publication and slot where they are
 * missing; both stay when the process ends, so that nothing is missed meanwhile.
 *
 * Of the processes with the same `slot`, one follows. When it ends or is silent, another takes over, from the last
 * position that was confirmed.
 */
export function logicalReplication(options: LogicalReplicationOptions): ChangeSource {
  return new LogicalReplication(resolveReplication(options))
}

class LogicalReplication implements ChangeSource {
  readonly name = 'logical replication'
  readonly #options: ResolvedReplication
  readonly #side: SideConnection
  readonly #ask: Ask
  readonly #closing = new AbortController()
  #stream: ReplicationStream | undefined
  #following: Following | undefined
  #reader: TransactionReader | undefined
  #running: Promise<void> = Promise.resolve()
  #watch: NodeJS.Timeout | undefined
  #checking = false
  /** Until somebody follows, tables and slot are being prepared: a look in between would tell of them twice. */
  #settingUp = false
  #history: string | undefined
  readonly #reached = new ReachedPosition()
  readonly #slot: ReplicationSlot
  /** Those that are followed. */
  #tables: readonly FollowedTable[] = []
  readonly #retry = new RetryPause()
  readonly #structures = new Structures()

  constructor(options: ResolvedReplication) {
    const suffix = options.perProcess ? `_${randomBytes(6).toString('hex')}` : ''
    this.#options = { ...options, slot: `${options.slot}${suffix}` }
    this.#side = new SideConnection(options.connection)
    this.#ask = (text, values) => this.#side.query(text, values)
    this.#slot = new ReplicationSlot(this.#ask, this.#options, this.#reached)
  }

  open(host: ChangeHost): void {
    this.#reader = new TransactionReader(
      (part) => this.#following?.part(part),
      () => void this.#check(host),
    )
    this.#watch = setInterval(() => void this.#check(host), this.#options.check)
    this.#watch.unref()
    this.#running = this.#run(host)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#watch)
    this.#following?.end()
    await this.#stream?.close()
    await this.#running
    await this.#side.close()
  }

  async #run(host: ChangeHost): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#once(host)
      } catch (error) {
        if (this.#closing.signal.aborted) return
        // Somebody else of the fleet was faster.
        if (isInUse(error)) continue
        host.state('down', error)
        await this.#side.drop()
        await this.#pause(error instanceof SetupError ? RetryPause.longest : this.#retry.next())
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => {})
  }

  /** One life of the stream: sets up, waits for the slot, follows until something breaks. */
  async #once(host: ChangeHost): Promise<void> {
    const { perProcess, takeOver } = this.#options
    this.#settingUp = true
    await checkServer(this.#ask)
    const added = await this.#prepareTables(host)
    const known = perProcess ? undefined : await this.#slot.usable()
    // Also by one that will stand by: who follows finds the tables in the publication, and knows of nothing missed.
    if (known !== undefined && added.length > 0) await this.#gap(host, lacked(added), added)
    if (known?.active) {
      host.state('standby')
      this.#settingUp = false
      while (!this.#closing.signal.aborted && (await this.#slot.state())?.active) await this.#pause(takeOver)
      // Everything is looked at anew: the tables, and whether the slot is still there.
      if (this.#closing.signal.aborted || (await this.#slot.usable()) === undefined) return
    }
    const stream = new ReplicationStream(this.#options.connection, this.#options.silence)
    this.#stream = stream
    try {
      await stream.connect()
      if (known === undefined) await this.#slot.create(stream, (why) => this.#gap(host, why))
      const start = await this.#checkSystem(stream, host)
      await this.#tellStructures(host)
      this.#settingUp = false
      await this.#follow(stream, host, start)
    } finally {
      this.#following?.end()
      this.#following = undefined
      await stream.close()
    }
  }

  async #prepareTables(host: ChangeHost): Promise<readonly FollowedTable[]> {
    const tables = await findTables(this.#ask, this.#options.tables, host)
    if (tables.length === 0) {
      const finding = {
        check: 'table',
        found: 'there is no table with a primary key in the schema `public`',
        fix: 'create one, or name the tables to follow in `tables`',
      }
      throw new SetupError(finding)
    }
    this.#tables = tables
    if (this.#reader) {
      this.#reader.keys = new Map(tables.map((table) => [nameOf(table), table.key]))
      const below = tables.filter(({ above }) => above.length > 0)
      this.#reader.below = new Map(below.map((table) => [nameOf(table), table]))
    }
    this.#structures.look(tables)
    return await ensurePublication(this.#ask, this.#options, tables)
  }

  /** Waits until what may have been missed is gone, or this source is closed. */
  async #gap(host: ChangeHost, why: string, tables: readonly FollowedTable[] = this.#tables): Promise<void> {
    const { signal } = this.#closing
    signal.throwIfAborted()
    const closed = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the change source is closed')), { once: true })
    })
    await Promise.race([host.gap(why, tables), closed])
  }

  /**
   * The same slot on another server, or on one that was promoted, may begin later than ours ended. Resolves to where to
   * begin on this one.
   */
  async #checkSystem(stream: ReplicationStream, host: ChangeHost): Promise<Lsn> {
    const [row] = await stream.query('IDENTIFY_SYSTEM')
    const history = historyOf(row?.['systemid'], row?.['timeline'])
    if (this.#history !== undefined && this.#history !== history)
      await this.#gap(host, 'another server answers')
    this.#history = history
    return this.#reached.start(history, parseLsn(String(row?.['xlogpos'])))
  }

  async #follow(stream: ReplicationStream, host: ChangeHost, start: Lsn): Promise<void> {
    const { slot, publication } = this.#options
    const reader = this.#reader as TransactionReader
    reader.reset()
    let fail: (error: unknown) => void = () => {}
    const failed = new Promise<never>((_, reject) => {
      fail = reject
    })
    const following = new Following({ stream, reader, host, ask: this.#ask, fail })
    this.#following = following
    try {
      await Promise.race([
        failed,
        stream.follow(slot, publication, start, {
          started: () => {
            this.#retry.reset()
            host.state('following')
          },
          message: (bytes, at) => following.message(bytes, at),
          sent: (end) => following.sent(end),
        }),
      ])
    } catch (error) {
      if (!deadSlot.test((error as Error).message)) throw error
      following.end()
      await stream.close()
      await this.#slot.drop()
      throw error
    } finally {
      if (this.#history !== undefined) this.#reached.note(this.#history, stream.confirmed)
    }
  }

  async #tellStructures(host: ChangeHost): Promise<void> {
    const tables = this.#structures.take()
    if (tables.length > 0)
      await this.#gap(host, `the structure of ${tables.map(nameOf).join(', ')} is another`, tables)
  }

  /** Notices what the stream doesn't tell: new tables, a changed publication, a slot that grows. */
  async #check(host: ChangeHost): Promise<void> {
    if (this.#checking || this.#settingUp || this.#closing.signal.aborted) return
    this.#checking = true
    try {
      const added = await this.#prepareTables(host)
      if (added.length > 0) await this.#gap(host, lacked(added), added)
      if (this.#following) await this.#tellStructures(host)
      await watchSlot(this.#ask, this.#options, host)
    } catch (error) {
      if (error instanceof SetupError) host.warn(error.finding)
      // Else the connection is lost, which the stream will say.
    } finally {
      this.#checking = false
    }
  }
}

function lacked(tables: readonly FollowedTable[]): string {
  return `the publication lacked ${tables.map(nameOf).join(', ')}`
}

function nameOf({ schema, table }: FollowedTable): string {
  return tableName(schema, table)
}
