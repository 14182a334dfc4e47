import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue } from 'node:sqlite'
import { checkKeys, checkOneOf, expectation } from '@tierstack/cache-core'
import type { EdgePurge } from '@tierstack/cache-core'
import type { DeadLetter, Intent, PurgeLane, PurgeQueue } from './purge-queue.ts'

export interface SqliteQueueOptions {
  /** The file, made with its folder when missing. On a local disk. Processes of one host may share it. */
  readonly path: string
  /**
   * What a written purge survives: the death of the process, or that of the machine, at the price of a disk flush for
   * each removal.
   * @default 'process'
   */
  readonly survives?: 'process' | 'machine'
}

/** A process that hasn't said for this long that it lives, doesn't. */
const silence = 10_000
const beat = 2_000
/** All that is pending is looked through when an owner is gone, and each so manieth time in any case. */
const searchEvery = 12

const schema = `
  create table if not exists owners (id text primary key, pid integer, host text, seen integer) strict;
  create table if not exists intents (id integer primary key, lane text, owner text, what text) strict;
  drop index if exists intents_owner;
  create table if not exists dead (id integer primary key, lane text, name text, error text, at integer) strict;
`

/**
 * Keeps pending purges in a SQLite file. A removal is one inserted row, whatever number of names it has; what a killed
 * process leaves is purged by the next that opens the file, or by those that share it.
 */
export function sqliteQueue(given: SqliteQueueOptions): PurgeQueue {
  checkKeys('sqliteQueue options', given, ['path', 'survives'])
  const { path } = given
  if (typeof path !== 'string' || path === '' || path.startsWith('file:') || path === ':memory:') {
    throw expectation('path', 'the path of a file', path)
  }
  const survives = checkOneOf('survives', given.survives ?? 'process', ['process', 'machine'])
  const file = resolve(path)
  let book: Book | undefined
  return {
    durable: true,
    lane(name) {
      book ??= new Book(file, survives === 'machine')
      const own = book
      own.users++
      let open = true
      return new SqliteLane(own, name, () => {
        if (!open) return
        open = false
        if (--own.users > 0) return
        own.close()
        book = undefined
      })
    },
  }
}

/** The file as this process has it open, and its sign of life in there. */
class Book {
  readonly db: DatabaseSync
  readonly owner = randomUUID()
  users = 0
  readonly #timer: NodeJS.Timeout

  constructor(file: string, flushed: boolean) {
    mkdirSync(dirname(file), { recursive: true })
    this.db = new DatabaseSync(file)
    // A checkpoint waits for the disk, and the event loop with it, as long as the log is long; and a removal is few
    // bytes. So pages are small, and the log is two megabytes: 4 ms, once in some 1,500 removals.
    this.db.exec('pragma page_size = 1024; pragma busy_timeout = 1000; pragma journal_mode = wal')
    this.db.exec(`pragma synchronous = ${flushed ? 'full' : 'normal'}`)
    this.db.exec('pragma wal_autocheckpoint = 2000')
    this.db.exec(schema)
    const sign = this.db.prepare(
      'insert into owners values (?, ?, ?, ?) on conflict (id) do update set seen = excluded.seen',
    )
    const live = () => sign.run(this.owner, process.pid, hostname(), Date.now())
    live()
    this.#timer = setInterval(() => {
      try {
        live()
      } catch {
        // A file that can't be written is noticed by the next removal; others may take our purges over meanwhile.
      }
    }, beat)
    this.#timer.unref()
  }

  /** Runs with nobody else writing. */
  alone<R>(work: () => R): R {
    this.db.exec('begin immediate')
    try {
      const result = work()
      this.db.exec('commit')
      return result
    } catch (error) {
      this.db.exec('rollback')
      throw error
    }
  }

  /** Forgets who is gone: silent for long, or known here not to run. Tells who isn't, and whether anybody was. */
  others(): { readonly living: ReadonlySet<string>; readonly buried: boolean } {
    const living = new Set<string>()
    const rows = this.db.prepare('select id, pid, host, seen from owners where id <> ?').all(this.owner)
    for (const { id, pid, host, seen } of rows) {
      const gone = Date.now() - Number(seen) > silence || (host === hostname() && !runs(Number(pid)))
      if (gone) this.db.prepare('delete from owners where id = ?').run(String(id))
      else living.add(String(id))
    }
    return { living, buried: living.size < rows.length }
  }

  close(): void {
    clearInterval(this.#timer)
    this.db.prepare('delete from owners where id = ?').run(this.owner)
    this.db.close()
  }
}

function runs(pid: number): boolean {
  // A second one in the same process has a purge engine of its own.
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

class SqliteLane implements PurgeLane {
  readonly #book: Book
  readonly #lane: string
  readonly #closed: () => void
  readonly #insert
  readonly #remove
  /** Who else lived at the last look. */
  #others: ReadonlySet<string> = new Set()
  #looks = 0

  constructor(book: Book, lane: string, closed: () => void) {
    this.#book = book
    this.#lane = lane
    this.#closed = closed
    this.#insert = book.db.prepare('insert into intents (lane, owner, what) values (?, ?, ?)')
    this.#remove = book.db.prepare('delete from intents where id in (select value from json_each(?))')
  }

  // Async, so that a failure is a rejection.
  async put(what: EdgePurge): Promise<number> {
    return Number(this.#insert.run(this.#lane, this.#book.owner, JSON.stringify(what)).lastInsertRowid)
  }

  async settle(ids: readonly number[]): Promise<void> {
    this.#remove.run(JSON.stringify(ids))
  }

  async takeOver(): Promise<readonly Intent[]> {
    const looked = this.#book.alone(() => {
      const { living, buried } = this.#book.others()
      const missing = buried || ![...this.#others].every((id) => living.has(id))
      return { living, rows: missing || this.#looks % searchEvery === 0 ? this.#inherit() : [] }
    })
    this.#looks++
    this.#others = looked.living
    return looked.rows.map(({ id, what }) => ({
      id: Number(id),
      what: JSON.parse(String(what)) as EdgePurge,
    }))
  }

  /** Makes ours what belongs to nobody who lives. A look at all that is pending: there is no index for it. */
  #inherit(): readonly Record<string, SQLOutputValue>[] {
    const { db, owner } = this.#book
    const orphans = `update intents set owner = ? where lane = ? and owner not in (select id from owners)
      returning id, what`
    return db.prepare(orphans).all(owner, this.#lane)
  }

  async bury({ name, error, at }: DeadLetter): Promise<void> {
    const insert = 'insert into dead (lane, name, error, at) values (?, ?, ?, ?)'
    this.#book.db.prepare(insert).run(this.#lane, name, error, at)
  }

  async dead(): Promise<readonly DeadLetter[]> {
    const rows = this.#book.db
      .prepare('select name, error, at from dead where lane = ? order by id desc limit 1000')
      .all(this.#lane)
    return rows.map(({ name, error, at }) => ({ name: String(name), error: String(error), at: Number(at) }))
  }

  async close(): Promise<void> {
    this.#closed()
  }
}
