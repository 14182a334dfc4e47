import type { DatabaseSync, StatementSync } from 'node:sqlite'

const step = 200
const evictionsPerFill = 64
const keys = { entries: 'id', tags: 'epoch, tag', intents: 'epoch, key, token' }

/**
 * Keeps the file within its bound, a few rows at a time: no transaction may take long, since it blocks this process
 * and every other writer.
 */
export class Space {
  readonly #maxBytes: number
  readonly #pageSize: number
  readonly #pages: StatementSync
  readonly #freePages: StatementSync
  readonly #due: StatementSync
  readonly #expired: readonly StatementSync[]
  readonly #retired: StatementSync
  readonly #retiredRows: readonly StatementSync[]
  readonly #forgetRetired: StatementSync
  readonly #oldest: StatementSync
  readonly #oldestTags: StatementSync

  constructor(database: DatabaseSync, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#pages = database.prepare('PRAGMA page_count')
    this.#freePages = database.prepare('PRAGMA freelist_count')
    this.#pageSize = database.prepare('PRAGMA page_size').get()?.['page_size'] as number
    this.#due = database.prepare(
      `SELECT EXISTS (SELECT 1 FROM retired) OR EXISTS (SELECT 1 FROM entries WHERE until <= ?)
         OR EXISTS (SELECT 1 FROM tags WHERE until <= ?) OR EXISTS (SELECT 1 FROM intents WHERE until <= ?) AS due`,
    )
    this.#expired = Object.entries(keys).map(([table, key]) =>
      database.prepare(
        `DELETE FROM ${table} WHERE (${key}) IN
           (SELECT ${key} FROM ${table} WHERE until <= ? ORDER BY until LIMIT ${step})`,
      ),
    )
    this.#retired = database.prepare('SELECT epoch FROM retired LIMIT 1')
    this.#retiredRows = Object.entries(keys).map(([table, key]) =>
      database.prepare(
        `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE epoch = ? LIMIT ${step})`,
      ),
    )
    this.#forgetRetired = database.prepare('DELETE FROM retired WHERE epoch = ?')
    // Leases stay: they are small, gone in seconds, and a load hangs on each.
    this.#oldest = database.prepare(
      "DELETE FROM entries WHERE id = (SELECT id FROM entries WHERE stamp <> '' ORDER BY id LIMIT 1)",
    )
    this.#oldestTags = database.prepare(
      `DELETE FROM tags WHERE (epoch, tag) IN (SELECT epoch, tag FROM tags ORDER BY until LIMIT ${step})`,
    )
  }

  /** Bytes of the file that hold something. */
  used(): number {
    const pages = this.#pages.get()?.['page_count'] as number
    const free = this.#freePages.get()?.['freelist_count'] as number
    return (pages - free) * this.#pageSize
  }

  /** Makes room after a write, within its transaction. What one step can't free is left to the sweep. */
  trim(now: number): void {
    if (this.used() <= this.#maxBytes) return
    if (this.#dropDue(now)) return
    for (let n = 0; n < evictionsPerFill && this.used() > this.#maxBytes; n++) {
      if (this.#oldest.run().changes === 0) {
        this.#oldestTags.run()
        return
      }
    }
  }

  /** Whether `sweep` would find something. Needs no transaction, and doesn't write. */
  due(now: number): boolean {
    return this.used() > this.#maxBytes || this.#due.get(now, now, now)?.['due'] === 1
  }

  /** One step of the background work: what has expired, what was cleared, and then what is oldest. */
  sweep(now: number): void {
    if (!this.#dropDue(now)) this.trim(now)
  }

  #dropDue(now: number): boolean {
    let dropped = false
    for (const statement of this.#expired) dropped = statement.run(now).changes !== 0 || dropped
    return this.#dropRetired() || dropped
  }

  #dropRetired(): boolean {
    const epoch = this.#retired.get()?.['epoch'] as number | undefined
    if (epoch === undefined) return false
    let dropped = false
    for (const statement of this.#retiredRows) dropped = statement.run(epoch).changes !== 0 || dropped
    if (!dropped) this.#forgetRetired.run(epoch)
    return true
  }
}
