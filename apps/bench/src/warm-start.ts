import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCache } from '@tierstack/cache-core'
import type { Cached, Tier } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { msgpack } from '@tierstack/cache-serializers'
import { createWarmer, fromAccessLog, fromRows, fromSql, snapshot, warm } from '@tierstack/cache-warmer'
import type { RowSource, Source } from '@tierstack/cache-warmer'
import { startPostgres, startRedis } from '@tierstack/test-services'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { zipfRanks } from './zipf.ts'

/*
 * What warming brings: the share of the first 10,000 requests that memory answers after a cold start, a warmed one and
 * one from a snapshot; and what it costs: the time to warm all rows as a multiple of reading them with a plain cursor.
 */

const rows = 100_000
const requests = 10_000
const skew = 1
const rounds = 3
const columns = 'id, name, price::float8 AS price, stock, body'

interface Item {
  readonly id: number
  readonly name: string
  readonly price: number
  readonly stock: number
  readonly body: string
}

async function prepare(pool: Pool): Promise<void> {
  await pool.query(
    'CREATE TABLE items (id int PRIMARY KEY, name text, price numeric, stock int, body text); CREATE TABLE access_logs (item_id int, created_at timestamptz)',
  )
  await pool.query(
    `INSERT INTO items SELECT i, 'item ' || i, i * 0.01, i % 100, repeat(md5(i::text), 4) FROM generate_series(0, $1::int - 1) AS i`,
    [rows],
  )
  // What was asked for before the start: the same distribution, other requests.
  await pool.query('INSERT INTO access_logs SELECT unnest($1::int[]), now()', [
    [...zipfRanks(rows, skew, 100_000, 1)],
  ])
  await pool.query('VACUUM ANALYZE items')
}

function cached(pool: Pool, tiers: readonly Tier[]) {
  const cache = createCache({ namespace: `warm-${process.hrtime.bigint()}`, tiers, ttl: '1h' })
  const query = async (ids: readonly number[]) => {
    const text = `SELECT ${columns} FROM items WHERE id = ANY($1)`
    return (await pool.query<Item>({ name: 'items', text, values: [ids] })).rows
  }
  const item = cache.define<number, Item | undefined>({
    name: 'item',
    load: async (id) => (await query([id]))[0],
    loadMany: async (ids) => new Map((await query(ids)).map((row) => [row.id, row])),
  })
  return { cache, item }
}

const near = () => memory({ maxEntries: 2 * rows, maxBytes: '1gb' })

async function firstRequests(item: Cached<number, Item | undefined>): Promise<string> {
  let hits = 0
  for (const id of zipfRanks(rows, skew, requests, 2)) {
    if (item.peek(id) !== undefined) hits++
    else await item(id)
  }
  return `${((100 * hits) / requests).toFixed(1)} %`
}

async function hitRates(pool: Pool, folder: string): Promise<void> {
  const path = join(folder, 'keys.json')
  const cold = cached(pool, [near()])
  console.log(`cold:                    ${await firstRequests(cold.item)}`)
  await cold.cache.close()

  const warmed = cached(pool, [near()])
  const log = fromAccessLog<number>({ client: pool, column: 'item_id', limit: 10_000 })
  await createWarmer({ tasks: [warm('log', warmed.item, log)] }).runOnce()
  console.log(`warmed from access log:  ${await firstRequests(warmed.item)}`)
  await warmed.cache.close()

  // The process before: it had served as many requests as the log has.
  const tier = near()
  const before = cached(pool, [tier])
  await before.item.warm(zipfRanks(rows, skew, 100_000, 1))
  const kept = await snapshot(tier, before.item, { path }).save()
  await before.cache.close()
  const again = near()
  const after = cached(pool, [again])
  const { source } = snapshot(again, after.item, { path })
  await createWarmer({ tasks: [warm('snapshot', after.item, source)] }).runOnce()
  console.log(`restored from snapshot:  ${await firstRequests(after.item)} (${kept} keys)`)
  await after.cache.close()
}

async function byCursor(pool: Pool): Promise<number> {
  const client = await pool.connect()
  const began = performance.now()
  await client.query('BEGIN')
  await client.query(`DECLARE all_items CURSOR FOR SELECT ${columns} FROM items`)
  for (let read = -1; read !== 0;) read = (await client.query('FETCH 500 FROM all_items')).rows.length
  await client.query('COMMIT')
  client.release()
  return performance.now() - began
}

/** What cursor and client cost alone: each page of rows encoded and sent as one pipeline, with no leases, fences or memory. */
async function byRawClient(pool: Pool, url: string): Promise<number> {
  const redisClient = new Redis(url)
  await redisClient.ping()
  const client = await pool.connect()
  const codec = msgpack()
  let sent: Promise<unknown> = Promise.resolve()
  const began = performance.now()
  await client.query('BEGIN')
  await client.query(`DECLARE all_items CURSOR FOR SELECT ${columns} FROM items`)
  for (;;) {
    const page = (await client.query<Item>('FETCH 500 FROM all_items')).rows
    if (page.length === 0) break
    await sent
    const pipeline = redisClient.pipeline()
    for (const item of page)
      pipeline.set(`raw:item:${item.id}`, Buffer.from(codec.encode(item)), 'PX', 3_600_000)
    sent = pipeline.exec()
  }
  await sent
  await client.query('COMMIT')
  const ms = performance.now() - began
  client.release()
  redisClient.disconnect()
  return ms
}

const idsOf = (pool: Pool) => fromSql<number>({ client: pool, text: 'SELECT id FROM items' })

const rowsOf = (pool: Pool) =>
  fromRows({
    client: pool,
    text: `SELECT ${columns} FROM items WHERE id > $1 ORDER BY id LIMIT $2`,
    after: -1,
    input: (row: Item) => row.id,
  })

async function byWarming(
  pool: Pool,
  source: Source<number> | RowSource<number, Item>,
  tiers: readonly Tier[],
): Promise<number> {
  const { cache, item } = cached(pool, tiers)
  await item(0)
  const began = performance.now()
  const { tasks } = await createWarmer({ tasks: [warm('all', item, source)] }).runOnce()
  const ms = performance.now() - began
  const [task] = tasks
  if ((task?.loaded ?? 0) + (task?.skipped ?? 0) !== rows)
    throw new Error(`not warm: ${JSON.stringify(task)}`)
  await cache.close()
  return ms
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

const postgres = await startPostgres()
const server = await startRedis()
const pool = new Pool({ connectionString: postgres.url, max: 8 })
pool.on('error', () => {})
const folder = await mkdtemp(join(tmpdir(), 'warm-start-'))
try {
  await prepare(pool)
  console.log(`memory hits of the first ${requests} requests (Zipf ${skew} over ${rows} rows)`)
  await hitRates(pool, folder)
  // In turn, so that what else the machine does concerns all.
  const ways: Readonly<Record<string, () => Promise<number>>> = {
    cursor: () => byCursor(pool),
    'memory, by inputs': () => byWarming(pool, idsOf(pool), [near()]),
    'memory, by rows': () => byWarming(pool, rowsOf(pool), [near()]),
    'a cursor and a raw Redis client, which writes the rows in pipelines': () =>
      byRawClient(pool, server.url),
    'memory and Redis, by inputs': () => byWarming(pool, idsOf(pool), [near(), redis({ url: server.url })]),
    'memory and Redis, by rows': () => byWarming(pool, rowsOf(pool), [near(), redis({ url: server.url })]),
  }
  await byCursor(pool)
  const times = new Map(Object.keys(ways).map((way) => [way, [] as number[]]))
  for (let round = 0; round < rounds; round++)
    for (const [way, run] of Object.entries(ways)) times.get(way)?.push(await run())
  const cursor = median(times.get('cursor') ?? [])
  console.log(
    `warming ${rows} rows, as a multiple of a plain cursor (median of ${rounds}: ${cursor.toFixed(0)} ms)`,
  )
  for (const [way, all] of times)
    if (way !== 'cursor') console.log(`${way}: ${(median(all) / cursor).toFixed(2)} x`)
} finally {
  await rm(folder, { recursive: true })
  await pool.end()
  await server.stop()
  await postgres.stop()
}
