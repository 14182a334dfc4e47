import type { ChangeHost, ChangeSource } from './change-source.ts'
import { readReport } from './report.ts'
import { resolveReporting } from './reporting-options.ts'
import type { OutboxOptions } from './reporting-options.ts'
import { Reporting } from './reporting.ts'
import type { Session } from './session.ts'

const page = 5_000

/**
 * Follows a database by an outbox table that triggers fill: durable without the right to replicate, at the price of one
 * more row per statement. Read by the horizon of running transactions, not by the highest id seen: a transaction that
 * took its id first and commits last would be lost.
 */
export function outbox(options: OutboxOptions): ChangeSource {
  return new Outbox(resolveReporting('outbox', options))
}

class Outbox extends Reporting {
  readonly name = 'outbox'
  protected readonly by = 'outbox'
  /** Rows at or past the horizon that were handed over. */
  #seen = new Set<string>()
  /** Every transaction before it has ended, and its rows were read. */
  #horizon: string | undefined
  #readAt = 0
  #confirmedAt = 0
  #previous: Promise<unknown> = Promise.resolve()

  protected async follow(session: Session, host: ChangeHost): Promise<void> {
    const { poll, keep, check, perProcess } = this.options
    const kept = perProcess ? this.#horizon : await this.#position(session)
    const known = kept !== undefined && (await ofThisServer(session, kept))
    this.#horizon = known ? kept : await this.#begin(session, host)
    if (perProcess && performance.now() - this.#readAt > keep / 2)
      void host.gap('rows of the outbox may have been removed before they were read', this.tables)
    this.#readAt = performance.now()
    host.state('following')
    let checkedAt = performance.now()
    while (!this.closing.signal.aborted) {
      await this.#read(session, host)
      await this.pause(poll)
      if (performance.now() - checkedAt < check) continue
      checkedAt = performance.now()
      await this.prepare(session, host)
      if (this.#horizon === undefined) return
      await session.query(
        `delete from tierstack.outbox where made < now() - $1 * interval '1 ms'
           and xid < coalesce(
             (select xid from tierstack.outbox_position order by xid limit 1),
             pg_snapshot_xmin(pg_current_snapshot()))`,
        [keep],
      )
    }
  }

  protected override async missed(session: Session): Promise<void> {
    this.#horizon = undefined
    await session
      .query('delete from tierstack.outbox_position where reader = $1', [this.options.channel])
      .catch(() => {})
  }

  /** The position that the fleet keeps. */
  async #position(session: Session): Promise<string | undefined> {
    this.#seen.clear()
    const [row] = await session.query(
      'select xid::text as horizon from tierstack.outbox_position where reader = $1',
      [this.options.channel],
    )
    return row && String(row['horizon'])
  }

  /** Where there is no position: here and now, which is a gap. */
  async #begin(session: Session, host: ChangeHost): Promise<string> {
    this.#seen.clear()
    const horizon = await horizonOf(session)
    if (!this.options.perProcess)
      // One of another server would stay the greater one.
      await session.query('delete from tierstack.outbox_position where reader = $1 and xid > $2::xid8', [
        this.options.channel,
        horizon,
      ])
    void this.#confirm(session, horizon, [host.gap('the outbox is read from here on', this.tables)])
    return horizon
  }

  async #read(session: Session, host: ChangeHost): Promise<void> {
    const from = this.#horizon as string
    // Taken before the rows are read: what has ended by then is among them.
    const horizon = await horizonOf(session)
    const applied: Promise<void>[] = []
    const still = new Set<string>()
    for (let after = [from, '-1']; ;) {
      const rows = await session.query(
        `select xid::text as xid, id::text as id, payload from tierstack.outbox
         where (xid, id) > ($1::xid8, $2::bigint) order by xid, id limit ${page}`,
        after,
      )
      for (const row of rows) {
        const id = String(row['id'])
        if (BigInt(String(row['xid'])) >= BigInt(horizon)) still.add(id)
        if (this.#seen.has(id)) continue
        this.#seen.add(id)
        const batch = readReport(String(row['payload']), this.tables)
        if (batch) applied.push(host.apply(batch))
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < page) break
      after = [String(last['xid']), String(last['id'])]
    }
    this.#seen = still
    this.#horizon = horizon
    this.#readAt = performance.now()
    if (applied.length > 0 || performance.now() - this.#confirmedAt > 1_000)
      void this.#confirm(session, horizon, applied)
  }

  /** Keeps the position, once everything before it is confirmed. */
  #confirm(session: Session, horizon: string, applied: readonly Promise<void>[]): Promise<unknown> {
    this.#confirmedAt = performance.now()
    const all = Promise.all([this.#previous, ...applied])
    this.#previous = all
    if (this.options.perProcess) return all
    const keep = async () => {
      await all
      await session.query(
        `insert into tierstack.outbox_position (reader, xid) values ($1, $2::xid8)
         on conflict (reader) do update set xid = greatest(outbox_position.xid, excluded.xid)`,
        [this.options.channel, horizon],
      )
    }
    // Without its connection the position stays behind: some removals come twice.
    return keep().catch(() => {})
  }
}

/** The number of the oldest transaction that still runs; what has a lower one has ended. */
async function horizonOf(session: Session): Promise<string> {
  const [now] = await session.query('select pg_snapshot_xmin(pg_current_snapshot())::text as horizon')
  return String(now?.['horizon'])
}

/**
 * A horizon never moves back: one ahead of it was taken on a server whose transactions are numbered otherwise, such as
 * the one that a dump came from, or a primary whose last transactions its successor never got.
 */
async function ofThisServer(session: Session, kept: string): Promise<boolean> {
  return BigInt(kept) <= BigInt(await horizonOf(session))
}
