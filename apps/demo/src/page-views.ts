import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Cache, Cached, SaveContext, WriteQueue } from '@tierstack/cache-core'
import { postgresWriteQueue } from '@tierstack/cache-postgres'
import { sqliteWriteQueue } from '@tierstack/cache-sqlite'
import { Pool } from 'pg'
import type { Closing } from './closing.ts'

/** Where counts end, some time after they were acknowledged. */
export interface ViewTable {
  load(ids: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** Keeps the token with the count, and ignores what isn't later: saved once, however often it is tried. */
  save(id: number, views: number, token: string): Promise<void>
}

/** Queue and table of the page views. */
export interface ViewStore {
  readonly queue: WriteQueue
  readonly table: ViewTable
  /** For people: where they are kept. */
  readonly title: string
}

/** How often the page of a city was seen. */
export interface PageViews {
  /** Resolves to the count, with all that is acknowledged but not saved yet. */
  of(id: number): Promise<number>
  /** Counts one view; resolves to the count once the view is on a disk. No crash loses it from there on. */
  note(id: number): Promise<number>
  /** Resolves once the table has all. */
  flush(): Promise<void>
}

const keep = 'where page_views.token < excluded.token'

/** In a PostgreSQL, if there is one that lasts, else in two SQLite files; in a folder that goes with the process without one. */
export async function openViewStore(
  o: { readonly databaseUrl: string | undefined; readonly folder: string | undefined },
  closing: Closing,
): Promise<ViewStore> {
  if (o.databaseUrl) return await inPostgres(o.databaseUrl, closing)
  if (o.folder !== undefined) return inFiles(join(o.folder, 'page-views'), closing)
  const folder = await mkdtemp(join(tmpdir(), 'tierstack-demo-views-'))
  closing.add('page views', () => rm(folder, { recursive: true, force: true }))
  return inFiles(folder, closing)
}

async function inPostgres(connectionString: string, closing: Closing): Promise<ViewStore> {
  const pool = new Pool({ connectionString, max: 4, connectionTimeoutMillis: 3_000 })
  pool.on('error', () => {})
  closing.add('page views', () => pool.end())
  // Not in the schema of the cities, which is made anew with every version of theirs.
  await pool.query(
    `create table if not exists tierstack_page_views (id int primary key, views bigint not null, token text not null)`,
  )
  return {
    title: 'PostgreSQL',
    queue: postgresWriteQueue({ client: pool }),
    table: {
      async load(ids) {
        const { rows } = await pool.query<{ id: number; views: string }>(
          'select id, views from tierstack_page_views where id = any($1)',
          [ids],
        )
        return new Map(rows.map(({ id, views }) => [id, Number(views)]))
      },
      async save(id, views, token) {
        await pool.query(
          `insert into tierstack_page_views as page_views values ($1, $2, $3)
           on conflict (id) do update set views = excluded.views, token = excluded.token ${keep}`,
          [id, views, token],
        )
      },
    },
  }
}

function inFiles(folder: string, closing: Closing): ViewStore {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'views.sqlite'))
  closing.add('page view file', async () => database.close())
  database.exec(`pragma journal_mode = wal; pragma synchronous = full;
    create table if not exists page_views (id integer primary key, views integer not null, token text not null)`)
  const one = database.prepare('select views from page_views where id = ?')
  const put = database.prepare(
    `insert into page_views values (?, ?, ?)
     on conflict (id) do update set views = excluded.views, token = excluded.token ${keep}`,
  )
  return {
    title: 'SQLite',
    queue: sqliteWriteQueue({ path: join(folder, 'queue.sqlite') }),
    table: {
      async load(ids) {
        return new Map(ids.map((id) => [id, Number(one.get(id)?.['views'] ?? 0)]))
      },
      async save(id, views, token) {
        put.run(id, views, token)
      },
    },
  }
}

/**
 * Page views by write-behind: each is acknowledged by the queue, and saved with others later. Views of one city that come
 * at once are one write. Only this process may count: two that add to the same count could lose one.
 */
export function countPageViews(cache: Cache, table: ViewTable): PageViews {
  const views: Cached<number, number> = cache.define<number, number>({
    name: 'page.views',
    load: async (id) => (await table.load([id])).get(id) ?? 0,
    save: async (id, count, { token }: SaveContext) => await table.save(id, count, token),
    write: 'behind',
    ttl: '1h',
  })
  const waiting = new Map<number, { added: number; readonly written: Promise<number> }>()
  const running = new Map<number, Promise<unknown>>()
  const note = (id: number): Promise<number> => {
    const joined = waiting.get(id)
    if (joined) {
      joined.added++
      return joined.written
    }
    const before = running.get(id) ?? Promise.resolve()
    const write = async (): Promise<number> => {
      const { added } = waiting.get(id) ?? { added: 0 }
      waiting.delete(id)
      return await views.update(id, (count) => count + added)
    }
    const written = before.then(write, write)
    waiting.set(id, { added: 1, written })
    running.set(id, written)
    const forget = () => {
      if (running.get(id) === written) running.delete(id)
    }
    written.then(forget, forget)
    return written
  }
  return { of: (id) => views(id), note, flush: async () => void (await views.flush()) }
}
