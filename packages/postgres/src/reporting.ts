import { setTimeout as sleep } from 'node:timers/promises'
import type { ChangeHost, ChangeSource } from './change-source.ts'
import type { ResolvedReporting } from './reporting-options.ts'
import { RetryPause } from './retry-pause.ts'
import { embeddedSession, openSession } from './session.ts'
import type { Session } from './session.ts'
import { withColumns } from './reported-columns.ts'
import { SetupError } from './setup-error.ts'
import { findTables, forTriggers } from './tables.ts'
import type { FollowedTable } from './tables.ts'
import { tableName } from './tags.ts'
import { installedSql, installSql, triggersOf } from './triggers.ts'
import type { ReportBy } from './triggers.ts'

/**
 * What the sources that live on triggers have in common: the triggers, one connection that is opened again when it is
 * lost, and one process of the fleet that follows.
 */
export abstract class Reporting implements ChangeSource {
  abstract readonly name: string
  protected abstract readonly by: ReportBy
  protected readonly options: ResolvedReporting
  protected readonly closing: AbortController = new AbortController()
  protected tables: readonly FollowedTable[] = []
  #session: Session | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: ResolvedReporting) {
    this.options = options
  }

  /** Follows on a session until something breaks. Never resolves while the source is open. */
  protected abstract follow(session: Session, host: ChangeHost): Promise<void>

  open(host: ChangeHost): void {
    this.#running = this.#run(host)
  }

  async close(): Promise<void> {
    this.closing.abort()
    await this.#session?.close()
    await this.#running
  }

  protected async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.closing.signal }).catch(() => {})
  }

  /** Changes weren't reported for a while: whatever position there is must not be gone on from. */
  protected async missed(_session: Session): Promise<void> {}

  /** Are the triggers of all tables there? Installs them, or rejects with what to do. */
  protected async prepare(session: Session, host: ChangeHost): Promise<void> {
    const { channel, columns, install } = this.options
    const ask = (text: string, values?: readonly unknown[]) => session.query(text, values)
    this.tables = await findTables(ask, this.options.tables, host, forTriggers)
    const installed = await session.query(installedSql, [channel])
    const found = (table: FollowedTable) =>
      installed.find((row) => row['schema'] === table.schema && row['table'] === table.table)
    const soFar = (table: FollowedTable) => {
      const columns = found(table)?.['columns']
      return typeof columns === 'string' ? (JSON.parse(columns) as string[]) : []
    }
    const missing = (await withColumns(ask, this.tables, columns, soFar)).filter((table) => {
      const one = found(table)
      if (!one?.['enabled'] || one['channel'] !== true || Number(one['triggers']) < triggersOf(table))
        return true
      const there = soFar(table)
      return table.columns.some((column) => !there.includes(column))
    })
    if (missing.length === 0) return
    await this.missed(session)
    const names = missing.map(({ schema, table }) => tableName(schema, table)).join('`, `')
    if (!install) {
      throw new SetupError({
        check: 'triggers',
        found: `triggers are missing or switched off on \`${names}\``,
        fix: 'run `installTriggers` as the owner of the tables, or set `install`',
      })
    }
    try {
      await session.exec(
        `begin; select pg_advisory_xact_lock(7435231); ${installSql(missing, this.by, channel)}; commit`,
      )
    } catch (error) {
      await session.exec('rollback').catch(() => {})
      if ((error as { code?: string }).code !== '42501') throw error
      const found = `the user may not install triggers (${(error as Error).message})`
      throw new SetupError(
        { check: 'triggers', found, fix: 'run `installTriggers` as the owner of the tables' },
        error,
      )
    }
    void host.gap(`triggers were missing on \`${names}\``, missing)
  }

  async #run(host: ChangeHost): Promise<void> {
    const retry = new RetryPause()
    while (!this.closing.signal.aborted) {
      try {
        const { connection, database } = this.options
        const session = database
          ? embeddedSession(database)
          : await openSession(connection ?? '', this.options.silence)
        this.#session = session
        try {
          await this.prepare(session, host)
          await Promise.race([this.#hold(session, host), session.lost])
          retry.reset()
          await Promise.race([this.follow(session, host), session.lost])
        } finally {
          await session.close()
        }
      } catch (error) {
        if (this.closing.signal.aborted) return
        host.state('down', error)
        await this.pause(error instanceof SetupError ? RetryPause.longest : retry.next())
      }
    }
  }

  /** Resolves when this process is the one that follows. The server frees the lock with the connection. */
  async #hold(session: Session, host: ChangeHost): Promise<void> {
    if (this.options.perProcess) return
    while (!this.closing.signal.aborted) {
      const [row] = await session.query('select pg_try_advisory_lock(7435232, hashtext($1)) as held', [
        `${this.by} ${this.options.channel}`,
      ])
      if (row?.['held'] === true) return
      host.state('standby')
      await this.pause(this.options.takeOver)
    }
  }
}
