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
    if (!perProcess) this.#horizon = undefined
    this.#horizon ??= await this.#begin(session, host)
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

  /** Where to begin: at the position of the fleet, or here and now, which is a gap. */
  async #begin(session: Session, host: ChangeHost): Promise<string> {
    const { channel, perProcess } = this.options
    this.#seen.clear()
    if (!perProcess) {
      const [row] = await session.query(
        'select xid::text as horizon from tierstack.outbox_position where reader = $1',
        [channel],
      )
      if (row) return String(row['horizon'])
    }
    const [now] = await session.query('select pg_snapshot_xmin(pg_current_snapshot())::text as horizon')
    const horizon = String(now?.['horizon'])
    void this.#confirm(session, horizon, [host.gap('the outbox is read from here on', this.tables)])
    return horizon
  }

  async #read(session: Session, host: ChangeHost): Promise<void> {
    const from = this.#horizon as string
    // Taken before the rows are read: what has ended by then is among them.
    const [now] = await session.query('select pg_snapshot_xmin(pg_current_snapshot())::text as horizon')
    const horizon = String(now?.['horizon'])
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
