import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@tierstack/cache-core'

/** Rows are dropped this often. */
const sweepEvery = 60_000

/**
 * Which pages carry which names, for edges that know no tags. A page is written down before its response goes out, so
 * that no copy exists which couldn't be found. In a SQLite file, that the processes of a host share.
 */
export class UrlIndex {
  readonly #db: DatabaseSync
  readonly #add
  readonly #find
  readonly #most: number
  readonly #clock: Clock
  #swept = Number.NEGATIVE_INFINITY
  /** At least as many as there are: counted at the last sweep, and all that were added since. */
  #rows = 0

  /** `most`: rows kept; a page beyond is not to be cached. */
  constructor(path: string, most: number, clock: Clock) {
    const file = path === ':memory:' ? path : resolve(path)
    if (path !== ':memory:') mkdirSync(dirname(file), { recursive: true })
    this.#db = new DatabaseSync(file)
    this.#db.exec(`
      pragma busy_timeout = 1000; pragma journal_mode = wal; pragma synchronous = normal;
      create table if not exists pages (name text, url text, until integer, primary key (name, url)) strict, without rowid;
      create index if not exists pages_until on pages (until);
    `)
    this.#add = this.#db.prepare(
      `insert into pages select value, ?, ? from json_each(?) where true
       on conflict (name, url) do update set until = max(until, excluded.until)`,
    )
    this.#find = this.#db.prepare(
      'select distinct url from pages where name in (select value from json_each(?))',
    )
    this.#most = most
    this.#clock = clock
  }

  /** Returns false when there is no room: then the page mustn't be kept. */
  add(names: readonly string[], url: string, until: number): boolean {
    this.#sweep()
    if (this.#rows + names.length > this.#most) return false
    this.#rows += names.length
    this.#add.run(url, Math.ceil(until), JSON.stringify(names))
    return true
  }

  urlsOf(names: readonly string[]): readonly string[] {
    return this.#find.all(JSON.stringify(names)).map(({ url }) => String(url))
  }

  close(): void {
    this.#db.close()
  }

  #sweep(): void {
    const wall = this.#clock.wall()
    if (wall - this.#swept < sweepEvery) return
    this.#swept = wall
    this.#db.prepare('delete from pages where until < ?').run(Math.floor(wall))
    this.#rows = Number(this.#db.prepare('select count(*) as n from pages').get()?.['n'])
  }
}
