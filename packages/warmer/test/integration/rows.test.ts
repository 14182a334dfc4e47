import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { startPostgres, startRedis } from '@tierstack/test-services'
import type { PostgresServer, RedisServer } from '@tierstack/test-services'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createWarmer, fromRows, redisLeader, warm } from '../../src/index.ts'
import type { QueryClient } from '../../src/index.ts'
import { Redis } from 'ioredis'

interface Item {
  readonly id: number
  readonly name: string
  readonly shop: number
}

const count = 2_000

let postgres: PostgresServer
let server: RedisServer
let pool: Pool

beforeAll(async () => {
  ;[postgres, server] = await Promise.all([startPostgres(), startRedis()])
  pool = new Pool({ connectionString: postgres.url })
  // Connections end with the server.
  pool.on('error', () => {})
  await pool.query('CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, shop int NOT NULL)')
})

beforeEach(async () => {
  await pool.query('TRUNCATE items')
  await pool.query(`INSERT INTO items SELECT i, 'item ' || i, i % 10 FROM generate_series(1, $1::int) AS i`, [
    count,
  ])
})

afterAll(async () => {
  await pool.end()
  await Promise.all([postgres.stop(), server.stop()])
})

let namespaces = 0

/** As many processes of one namespace as are asked for. */
function processes(many: number) {
  const namespace = `rows-${namespaces++}`
  const all = Array.from({ length: many }, () => {
    const cache = createCache({
      namespace,
      tiers: [memory({ maxEntries: 2 * count }), redis({ url: server.url })],
    })
    const loads: number[] = []
    const query = async (ids: readonly number[]) => {
      loads.push(...ids)
      return (await pool.query<Item>('SELECT id, name, shop FROM items WHERE id = ANY($1)', [ids])).rows
    }
    const item = cache.define<number, Item | undefined>({
      name: 'item',
      load: async (id) => (await query([id]))[0],
      loadMany: async (ids) => new Map((await query(ids)).map((row) => [row.id, row])),
      tags: (row) => (row ? [`shop:${row.shop}`] : []),
    })
    return { cache, item, loads }
  })
  return {
    namespace,
    all,
    [Symbol.asyncDispose]: async () => void (await Promise.all(all.map(({ cache }) => cache.close()))),
  }
}

/** The pool, with something to do between a page's query and its arrival. */
function client(meanwhile: (page: number) => Promise<unknown> | undefined = () => undefined): QueryClient {
  let page = 0
  return {
    query: async (text, values) => {
      const { rows } = await pool.query<Item>(text, values)
      await meanwhile(page++)
      return { rows }
    },
  }
}

const rowsBy = (by: QueryClient) =>
  fromRows({
    client: by,
    text: 'SELECT id, name, shop FROM items WHERE id > $1 ORDER BY id LIMIT $2',
    after: 0,
    input: (row: Item) => row.id,
    page: 500,
  })

describe('rows of PostgreSQL, into memory and Redis', () => {
  test('every row is where readers look, and no other process loads it', async () => {
    await using nodes = processes(2)
    const [a, b] = nodes.all as [(typeof nodes.all)[0], (typeof nodes.all)[0]]
    const { tasks } = await createWarmer({ tasks: [warm('items', a.item, rowsBy(client()))] }).runOnce()
    expect(tasks).toMatchObject([{ loaded: count, skipped: 0, errors: [], failure: undefined }])
    expect(await a.item(1_234)).toEqual({ id: 1_234, name: 'item 1234', shop: 4 })
    const raw = new Redis(server.url)
    expect(await raw.keys(`ts:${nodes.namespace}:*#item@1:n*`)).toHaveLength(count)
    raw.disconnect()
    expect((await b.item(1_235))?.name).toBe('item 1235')
    expect(a.loads).toEqual([])
  })

  test.each(['rows', 'inputs'])('what is warmed by %s as the process starts stays in memory', async (by) => {
    await using nodes = processes(1)
    const [{ item, cache }] = nodes.all as [(typeof nodes.all)[0]]
    const ids = Array.from({ length: count }, (_, i) => i + 1)
    await (by === 'rows' ? item.warmRows(rowsBy(client()).open()) : item.warm(ids))
    // The bus has joined by then, and whatever was stored before that is out of memory.
    while (!cache.stats().buses['redis']?.live) await sleep(10)
    expect(ids.filter((id) => item.peek(id) === undefined)).toEqual([])
  })

  test.each(['by its key', 'by its tag', 'with everything'])(
    'a row that is changed and invalidated %s between its page and the fill is never served as it was',
    async (how) => {
      await using nodes = processes(2)
      const [a, b] = nodes.all as [(typeof nodes.all)[0], (typeof nodes.all)[0]]
      await b.item(1)
      const changed = [501, 777, 1_000]
      const meanwhile = async (page: number) => {
        if (page !== 1) return
        await pool.query(`UPDATE items SET name = 'changed' WHERE id = ANY($1)`, [changed])
        if (how === 'by its key') await b.item.delete(...changed)
        else if (how === 'by its tag') await b.cache.invalidateTags(['shop:1', 'shop:7', 'shop:0'])
        else await b.cache.clear()
      }
      const { tasks } = await createWarmer({
        tasks: [warm('items', a.item, rowsBy(client(meanwhile)))],
      }).runOnce()
      expect(tasks).toMatchObject([{ errors: [], failure: undefined }])
      for (const id of changed) {
        expect((await a.item(id))?.name).toBe('changed')
        expect((await b.item(id))?.name).toBe('changed')
        expect((await b.item(id, { skip: ['memory'] }))?.name).toBe('changed')
      }
      expect((await a.item(2))?.name).toBe('item 2')
    },
  )

  test('while rows are changed and invalidated all the time, none is stale afterwards', async () => {
    await using nodes = processes(3)
    const [a, b, writer] = nodes.all as [(typeof nodes.all)[0], (typeof nodes.all)[0], (typeof nodes.all)[0]]
    let writing = true
    let version = 0
    const writes = (async () => {
      while (writing) {
        const id = 1 + ((version * 7) % count)
        await pool.query('UPDATE items SET name = $2 WHERE id = $1', [id, `version ${version++}`])
        await writer.item.delete(id)
      }
    })()
    const run = (node: typeof a) =>
      createWarmer({ tasks: [warm('items', node.item, rowsBy(client()))] }).runOnce()
    do {
      for (const report of await Promise.all([run(a), run(b)]))
        expect(report.tasks).toMatchObject([{ errors: [], failure: undefined }])
    } while (version < 100)
    writing = false
    await writes
    const rows = (await pool.query<Item>('SELECT id, name, shop FROM items ORDER BY id')).rows
    const ids = rows.map(({ id }) => id)
    for (const node of [a, b]) expect(await node.item.many(ids)).toEqual(rows)
  })

  test('of two warmers with one leader, one reads the rows; when both warm, both are right', async () => {
    await using nodes = processes(2)
    const [a, b] = nodes.all as [(typeof nodes.all)[0], (typeof nodes.all)[0]]
    const clients = [new Redis(server.url), new Redis(server.url)] as const
    try {
      const reports = await Promise.all(
        [a, b].map((node, i) =>
          createWarmer({
            tasks: [warm('items', node.item, rowsBy(client()))],
            leader: redisLeader(clients[i] as Redis, 'rows-leader'),
          }).runOnce(),
        ),
      )
      expect(reports.filter(({ elsewhere }) => elsewhere)).toHaveLength(1)
      const again = await Promise.all(
        [a, b].map((node) => createWarmer({ tasks: [warm('items', node.item, rowsBy(client()))] }).runOnce()),
      )
      for (const { tasks } of again) expect(tasks).toMatchObject([{ loaded: 0, skipped: count, errors: [] }])
    } finally {
      for (const one of clients) one.disconnect()
    }
  })

  test('a query that fails is asked for again; a signal ends the run, and what is stored stays', async () => {
    await using nodes = processes(1)
    const [a] = nodes.all as [(typeof nodes.all)[0]]
    const stop = new AbortController()
    const broken = client((page) => {
      if (page === 1) return Promise.reject(new Error('the connection was lost'))
      if (page === 3) stop.abort()
      return undefined
    })
    const { tasks, cancelled } = await createWarmer({
      tasks: [warm('items', a.item, rowsBy(broken))],
    }).runOnce({ signal: stop.signal })
    expect(cancelled).toBe(true)
    expect(tasks).toMatchObject([{ errors: [], failure: undefined }])
    expect(tasks[0]?.loaded).toBeGreaterThanOrEqual(500)
    expect(tasks[0]?.loaded).toBeLessThan(count)
    expect(await a.item(400, { skip: ['memory'] })).toEqual({ id: 400, name: 'item 400', shop: 0 })
  })
})
