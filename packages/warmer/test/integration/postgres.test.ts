import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startPostgres, startRedis } from '@tierstack/test-services'
import type { PostgresServer } from '@tierstack/test-services'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWarmer, fromAccessLog, fromSql, redisLeader, sqlLeader, warm } from '../../src/index.ts'

let server: PostgresServer
let pool: Pool

beforeAll(async () => {
  server = await startPostgres()
  pool = new Pool({ connectionString: server.url })
  // Connections end with the server.
  pool.on('error', () => {})
  await pool.query(`
    CREATE TABLE access_logs (user_id int NOT NULL, created_at timestamptz NOT NULL);
    CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE product_analytics (product_id int REFERENCES products, view_count int NOT NULL);
    INSERT INTO access_logs SELECT 7, now() - interval '1 hour' FROM generate_series(1, 5);
    INSERT INTO access_logs SELECT 8, now() - interval '2 hours' FROM generate_series(1, 9);
    INSERT INTO access_logs SELECT 9, now() - interval '3 days' FROM generate_series(1, 99);
    INSERT INTO products SELECT i, 'product ' || i FROM generate_series(1, 50) AS i;
    INSERT INTO product_analytics SELECT i, i * 10 FROM generate_series(1, 50) AS i;
  `)
})

afterAll(async () => {
  await pool.end()
  await server.stop()
})

const file = (name: string) => new URL(`../../sql/${name}`, import.meta.url)

test('the templates: hot users from an access log, top products by views', async () => {
  const cache = createCache({ namespace: 'test', tiers: [memory()] })
  try {
    const user = cache.define<number, string>({ name: 'user', load: (id) => `user ${id}` })
    const product = cache.define<number, string>({
      name: 'product',
      load: (id) => `product ${id}`,
      loadMany: async (ids) => {
        const { rows } = await pool.query<{ id: number; name: string }>(
          'SELECT id, name FROM products WHERE id = ANY($1)',
          [ids],
        )
        return new Map(rows.map(({ id, name }) => [id, name]))
      },
    })
    const warmer = createWarmer({
      tasks: [
        warm(
          'hot users',
          user,
          fromSql<number>({ client: pool, text: file('hot-users.sql'), values: [24, 1_000] }),
        ),
        warm(
          'top products',
          product,
          fromSql<number>({ client: pool, text: file('top-products.sql'), values: [10] }),
        ),
      ],
    })
    const { tasks } = await warmer.runOnce()
    expect(tasks).toMatchObject([
      { loaded: 2, failure: undefined },
      { loaded: 10, failure: undefined },
    ])
    expect([user.peek(7), user.peek(8), user.peek(9)]).toEqual(['user 7', 'user 8', undefined])
    expect([product.peek(50), product.peek(41), product.peek(40)]).toEqual([
      'product 50',
      'product 41',
      undefined,
    ])
  } finally {
    await cache.close()
  }
})

test('an access log brings the most frequent inputs of the last hours; names are quoted', async () => {
  const signal = new AbortController().signal
  const source = fromAccessLog<number>({ client: pool, column: 'user_id', hours: 24, limit: 1 })
  expect(await source({ signal })).toEqual([8])
  const hostile = fromAccessLog({
    client: pool,
    table: 'access_logs"; DROP TABLE products; --',
    column: 'user_id',
  })
  await expect(hostile({ signal })).rejects.toThrow('does not exist')
})

test('one leader by PostgreSQL, one by Redis: it extends, others wait until it resigns or dies', async () => {
  const redis = await startRedis()
  const client = new Redis(redis.url)
  try {
    for (const [a, b] of [
      [sqlLeader(pool), sqlLeader(pool)],
      [redisLeader(client), redisLeader(client)],
    ] as const) {
      expect(await a.lead('w', 10_000)).toBe(true)
      expect(await a.lead('w', 10_000)).toBe(true)
      expect(await b.lead('w', 10_000)).toBe(false)
      await b.resign('w')
      expect(await b.lead('w', 10_000)).toBe(false)
      await a.resign('w')
      expect(await b.lead('w', 1)).toBe(true)
      await expect.poll(() => a.lead('w', 10_000)).toBe(true)
    }
  } finally {
    client.disconnect()
    await redis.stop()
  }
})
