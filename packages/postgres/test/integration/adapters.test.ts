import { PrismaPg } from '@prisma/adapter-pg'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { processStore } from '@tierstack/cache-testing'
import { eq, sql as fragment } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleJs } from 'drizzle-orm/postgres-js'
import { integer, pgTable } from 'drizzle-orm/pg-core'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import postgres from 'postgres'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { cachedClient } from '../../src/drizzle.ts'
import { cachedQueries } from '../../src/index.ts'
import type { CachedQueries } from '../../src/index.ts'
import { cachedDialect } from '../../src/kysely.ts'
import { cachedPool } from '../../src/pg.ts'
import { cachedSql } from '../../src/postgres-js.ts'
import { cachedAdapter } from '../../src/prisma.ts'
import { newDatabase } from '../rig.ts'

/** The same small application on every client. Versions only grow. */
interface App {
  get(id: number): Promise<number | undefined>
  sum(): Promise<number>
  set(id: number, version: number): Promise<void>
  insert(id: number, version: number): Promise<void>
  setAll(version: number): Promise<void>
  /** Writes in a transaction, reads its own write, then commits or rolls back. Resolves to what it read. */
  transaction(id: number, version: number, end: 'commit' | 'rollback'): Promise<number | undefined>
}

const rolledBack = new Error('rolled back')
const unless = (error: unknown): void => {
  if (error !== rolledBack) throw error
}
const int = (row: { v?: unknown } | undefined): number | undefined =>
  row === undefined ? undefined : Number(row.v)

function poolOf(url: string): Pool {
  const pool = new Pool({ connectionString: url, max: 5 })
  pool.on('error', () => {})
  onTestFinished(() => pool.end())
  return pool
}

const apps: Record<string, (url: string, queries: CachedQueries) => App> = {
  pg(url, queries) {
    const pool = cachedPool(poolOf(url), queries)
    return {
      get: async (id) => int((await pool.query('select v from things where id = $1', [id])).rows[0]),
      sum: async () => Number((await pool.query('select sum(v) as v from things')).rows[0].v),
      set: async (id, v) => void (await pool.query('update things set v = $1 where id = $2', [v, id])),
      insert: async (id, v) => void (await pool.query('insert into things values ($1, $2)', [id, v])),
      setAll: async (v) => void (await pool.query('update things set v = $1', [v])),
      async transaction(id, v, end) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await client.query('update things set v = $1 where id = $2', [v, id])
          const seen = int((await client.query('select v from things where id = $1', [id])).rows[0])
          await client.query(end)
          return seen
        } finally {
          client.release()
        }
      },
    }
  },
  'postgres.js'(url, queries) {
    const plain = postgres(url, { max: 5, onnotice: () => {} })
    onTestFinished(() => plain.end())
    const sql = cachedSql(plain, queries)
    const where = (id: number) => sql`where id = ${id}`
    return {
      get: async (id) => int((await sql<{ v: number }[]>`select v from things ${where(id)}`)[0]),
      sum: async () => Number((await sql<{ v: string }[]>`select sum(v) as v from things`)[0]?.v),
      set: async (id, v) => void (await sql`update things set ${sql({ v })} where id = ${id}`),
      insert: async (id, v) => void (await sql`insert into things ${sql({ id, v })}`),
      setAll: async (v) => void (await sql`update things set v = ${v}`),
      async transaction(id, v, end) {
        let seen: number | undefined
        await sql
          .begin(async (tx) => {
            await tx`update things set v = ${v} where id = ${id}`
            seen = int((await tx<{ v: number }[]>`select v from things where id = ${id}`)[0])
            if (end === 'rollback') throw rolledBack
          })
          .catch(unless)
        return seen
      },
    }
  },
  'drizzle on pg': (url, queries) => drizzleApp(drizzle({ client: cachedClient(poolOf(url), queries) })),
  'drizzle on postgres.js'(url, queries) {
    const plain = postgres(url, { max: 5, onnotice: () => {} })
    onTestFinished(() => plain.end())
    return drizzleApp(
      drizzleJs({ client: cachedClient(plain, queries) }) as unknown as ReturnType<typeof drizzle>,
    )
  },
  kysely(url, queries) {
    const dialect = new PostgresDialect({ pool: poolOf(url) })
    const db = new Kysely<{ things: { id: number; v: number } }>({ dialect: cachedDialect(dialect, queries) })
    return {
      get: async (id) =>
        int(await db.selectFrom('things').select('v').where('id', '=', id).executeTakeFirst()),
      sum: async () =>
        Number(
          (
            await db
              .selectFrom('things')
              .select(({ fn }) => fn.sum('v').as('v'))
              .executeTakeFirst()
          )?.v,
        ),
      set: async (id, v) => void (await db.updateTable('things').set({ v }).where('id', '=', id).execute()),
      insert: async (id, v) => void (await db.insertInto('things').values({ id, v }).execute()),
      setAll: async (v) => void (await db.updateTable('things').set({ v }).execute()),
      async transaction(id, v, end) {
        let seen: number | undefined
        await db
          .transaction()
          .execute(async (tx) => {
            await tx.updateTable('things').set({ v }).where('id', '=', id).execute()
            seen = int(await tx.selectFrom('things').select('v').where('id', '=', id).executeTakeFirst())
            if (end === 'rollback') throw rolledBack
          })
          .catch(unless)
        return seen
      },
    }
  },
  'driver adapter of Prisma'(url, queries) {
    const factory = cachedAdapter(new PrismaPg({ connectionString: url, max: 5 }), queries)
    const connected = factory.connect()
    onTestFinished(async () => (await connected).dispose())
    const argType = { scalarType: 'int', arity: 'scalar' } as const
    const query = (sql: string, ...args: number[]) => ({ sql, args, argTypes: args.map(() => argType) })
    const one = (rows: unknown[][]) => (rows[0] === undefined ? undefined : Number(rows[0][0]))
    const byId =
      'SELECT "public"."things"."v" FROM "public"."things" WHERE ("public"."things"."id" = $1 AND 1=1)'
    const run = async (sql: string, ...args: number[]) =>
      void (await (await connected).executeRaw(query(sql, ...args)))
    return {
      get: async (id) => one((await (await connected).queryRaw(query(byId, id))).rows),
      sum: async () =>
        one((await (await connected).queryRaw(query('SELECT SUM("v")::int FROM "things"'))).rows) ?? 0,
      set: (id, v) => run('UPDATE "public"."things" SET "v" = $1 WHERE "public"."things"."id" = $2', v, id),
      insert: (id, v) => run('INSERT INTO "public"."things" ("id","v") VALUES ($1,$2)', id, v),
      setAll: (v) => run('UPDATE "public"."things" SET "v" = $1', v),
      async transaction(id, v, end) {
        const tx = await (await connected).startTransaction()
        await tx.executeRaw(
          query('UPDATE "public"."things" SET "v" = $1 WHERE "public"."things"."id" = $2', v, id),
        )
        const seen = one((await tx.queryRaw(query(byId, id))).rows)
        // As Prisma's client ends it.
        await tx.executeRaw(query(end === 'commit' ? 'COMMIT' : 'ROLLBACK'))
        await (end === 'commit' ? tx.commit() : tx.rollback())
        return seen
      },
    }
  },
}

function drizzleApp(db: ReturnType<typeof drizzle>): App {
  const things = pgTable('things', { id: integer('id').primaryKey(), v: integer('v').notNull() })
  return {
    get: async (id) => int((await db.select({ v: things.v }).from(things).where(eq(things.id, id)))[0]),
    sum: async () => Number((await db.select({ v: fragment`sum(${things.v})` }).from(things))[0]?.v),
    set: async (id, v) => void (await db.update(things).set({ v }).where(eq(things.id, id))),
    insert: async (id, v) => void (await db.insert(things).values({ id, v })),
    setAll: async (v) => void (await db.update(things).set({ v })),
    async transaction(id, v, end) {
      let seen: number | undefined
      await db
        .transaction(async (tx) => {
          await tx.update(things).set({ v }).where(eq(things.id, id))
          seen = int((await tx.select({ v: things.v }).from(things).where(eq(things.id, id)))[0])
          if (end === 'rollback') throw rolledBack
        })
        .catch(unless)
      return seen
    },
  }
}

async function setUp<A>(make: (url: string, queries: CachedQueries) => A) {
  const url = await newDatabase({ url: inject('databaseUrl') })
  const plain = poolOf(url)
  await plain.query('create table things (id int primary key, v int not null)')
  await plain.query('insert into things select i, 0 from generate_series(1, 20) i')
  const namespace = url.split('/').at(-1) as string
  const cache = createCache({ namespace, tiers: [memory(), redis({ url: inject('redisUrl') })], ttl: '1h' })
  onTestFinished(() => cache.close())
  const queries = cachedQueries({ cache, query: (text) => plain.query(text) })
  return { app: make(url, queries), plain, cache }
}

test('a list of keys concerns its rows alone; while one of them is missing, the whole table', async () => {
  const url = await newDatabase({ url: inject('databaseUrl') })
  const plain = poolOf(url)
  await plain.query(`create table things (id int primary key, v int not null);
    insert into things select i, 0 from generate_series(1, 9) i;
    create table bases (id int primary key, v int not null); create table more () inherits (bases);
    insert into bases values (1, 0); insert into more values (1, 0)`)
  const cache = createCache({ namespace: url.split('/').at(-1) as string, tiers: [memory()], ttl: '1h' })
  onTestFinished(() => cache.close())
  const pool = cachedPool(plain, cachedQueries({ cache, query: (text) => plain.query(text) }))
  const read = async (table: string, ...ids: number[]) => {
    const list = ids.map((_, i) => `$${i + 1}`).join()
    const { rows } = await pool.query(`select id, v from ${table} where id in (${list}) order by id`, ids)
    return rows.map(({ id, v }: { id: number; v: number }) => `${id}=${v}`).join(' ')
  }
  const loads = () => cache.stats().definitions['']?.loads
  expect(await read('things', 1, 2, 2)).toBe('1=0 2=0')
  await pool.query('update things set v = 5 where id in (3, 4)')
  expect([await read('things', 1, 2, 2), loads()]).toEqual(['1=0 2=0', 1])
  await pool.query('update things set v = 6 where id in ($1, $2)', [2, 3])
  expect([await read('things', 1, 2, 2), loads()]).toEqual(['1=0 2=6', 2])
  expect(await read('things', 9, 10)).toBe('9=0')
  await pool.query('insert into things values (10, 1)')
  expect(await read('things', 9, 10)).toBe('9=0 10=1')
  // Two rows of one key, in two tables, are as many as were asked for.
  expect(await read('bases', 1, 2)).toBe('1=0 1=0')
  await pool.query('insert into bases values (2, 0)')
  expect(await read('bases', 1, 2)).toBe('1=0 1=0 2=0')
})

test('what Prisma reads together is cached row by row, and asked for together', async () => {
  const url = await newDatabase({ url: inject('databaseUrl') })
  const plain = poolOf(url)
  await plain.query(`create table things (id int primary key, v int not null);
    insert into things select i, 0 from generate_series(1, 9) i;
    create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table words (word text collate blind primary key, v int not null);
    insert into words values ('one', 1), ('two', 2)`)
  const cache = createCache({ namespace: url.split('/').at(-1) as string, tiers: [memory()], ttl: '1h' })
  onTestFinished(() => cache.close())
  const factory = new PrismaPg({ connectionString: url, max: 5 })
  const bare = await factory.connect()
  onTestFinished(() => bare.dispose())
  const sent: string[] = []
  const noted = {
    connect: () =>
      Promise.resolve({
        queryRaw: (query: Parameters<typeof bare.queryRaw>[0]) => {
          sent.push(query.args.slice(0, -1).join())
          return bare.queryRaw(query)
        },
        executeRaw: (query: Parameters<typeof bare.executeRaw>[0]) => bare.executeRaw(query),
      }),
  }
  const queries = cachedQueries({ cache, query: (text) => plain.query(text) })
  const connection = (await cachedAdapter(noted, queries).connect()) as unknown as typeof bare
  const asked = (scalarType: 'int' | 'string', sql: string, ...args: unknown[]) => ({
    sql,
    args: [...args],
    argTypes: args.map(() => ({ scalarType, arity: 'scalar' as const })),
  })
  const list = (values: readonly unknown[]) =>
    `(${values.map((_, i) => `$${i + 1}`).join()}) OFFSET $${values.length + 1}`
  const things = async (...ids: number[]) => {
    const sql = `SELECT "public"."things"."id", "public"."things"."v" FROM "public"."things" WHERE "public"."things"."id" IN ${list(ids)}`
    const { rows } = await connection.queryRaw(asked('int', sql, ...ids, '0'))
    return rows.map(([id, v]) => `${String(id)}=${String(v)}`).join(' ')
  }
  expect(await things(1, 2, 3)).toBe('1=0 2=0 3=0')
  expect(await things(3, 4, 1, 4)).toBe('3=0 4=0 1=0')
  expect(await things(4, 2)).toBe('4=0 2=0')
  expect(sent.splice(0)).toEqual(['1,2,3', '4'])
  await connection.executeRaw(asked('int', 'UPDATE "things" SET "v" = $1 WHERE "id" = $2', 5, 2))
  expect(await things(1, 2, 99)).toBe('1=0 2=5')
  expect(await things(99, 1)).toBe('1=0')
  expect(sent.splice(0)).toEqual(['2,99'])
  await connection.executeRaw(asked('int', 'INSERT INTO "things" ("id", "v") VALUES ($1, $2)', 99, 9))
  expect(await things(99, 1)).toBe('99=9 1=0')
  expect(sent.splice(0)).toEqual(['99'])

  // Under a collation that takes different texts for the same, nothing is told apart.
  const words = async (...all: string[]) => {
    const sql = `SELECT "public"."words"."word", "public"."words"."v" FROM "public"."words" WHERE "public"."words"."word" IN ${list(all)}`
    return (await connection.queryRaw(asked('string', sql, ...all, '0'))).rows.map(([word]) => word)
  }
  expect(await words('ONE', 'two')).toEqual(['one', 'two'])
  expect(await words('ONE', 'one')).toEqual(['one'])
})

test('a write whose removal waits for Redis says so, and its own process reads what it wrote', async () => {
  const url = await newDatabase({ url: inject('databaseUrl') })
  const plain = poolOf(url)
  await plain.query(
    'create table things (id int primary key, v int not null); insert into things values (1, 0)',
  )
  const store = processStore()
  const tier = store.tier()
  const namespace = url.split('/').at(-1) as string
  const cache = createCache({ namespace, tiers: [memory(), tier], ttl: '1h' })
  onTestFinished(() => cache.close())
  const told: (readonly string[])[] = []
  const queries = cachedQueries({
    cache,
    query: (text) => plain.query(text),
    queued: ({ queued }) => {
      told.push(queued)
      throw new Error('a listener that fails')
    },
  })
  const pool = cachedPool(plain, queries)
  const read = async () => (await pool.query('select v from things where id = $1', [1])).rows[0]?.v as number
  expect(await read()).toBe(0)
  await pool.query('update things set v = $1 where id = $2', [1, 1])
  expect([told, await read()]).toEqual([[], 1])
  store.down()
  await pool.query('update things set v = $1 where id = $2', [2, 1])
  expect([told, await read()]).toEqual([[['store']], 2])
  store.up()
})

test('one text may end a transaction and go on, or write and then begin one', async () => {
  const { app: pool } = await setUp((url, queries) => cachedPool(poolOf(url), queries))
  const get = async () => int((await pool.query('select v from things where id = $1', [1])).rows[0])
  const client = await pool.connect()
  try {
    await client.query('begin')
    expect(await get()).toBe(0)
    await client.query('commit; update things set v = 5 where id = 1')
    expect(await get()).toBe(5)
    await client.query('update things set v = 6 where id = 1; begin')
    // What came before `begin` in the text is part of its transaction.
    expect(await get()).toBe(5)
    await client.query('commit')
    expect(await get()).toBe(6)
    await client.query('update things set v = 7 where id = 1; begin; commit; begin')
    expect(await get()).toBe(7)
    await client.query('rollback; update things set v = 8 where id = 1')
    expect(await get()).toBe(8)
  } finally {
    client.release()
  }
})

describe.each(Object.entries(apps))('%s', (_name, make) => {
  test('rows and lists are cached, and every write of its own is seen', async () => {
    const { app, plain, cache } = await setUp(make)
    expect([await app.get(1), await app.sum(), await app.get(99)]).toEqual([0, 0, undefined])
    // Behind its back: what is read from the cache is still the old.
    await plain.query('update things set v = 1000; insert into things values (99, 5)')
    expect([await app.get(1), await app.sum(), await app.get(99)]).toEqual([0, 0, undefined])
    await plain.query('update things set v = 0; delete from things where id = 99')
    await app.set(1, 7)
    expect([await app.get(1), await app.sum()]).toEqual([7, 7])
    await app.insert(99, 3)
    expect([await app.get(99), await app.sum()]).toEqual([3, 10])
    await app.setAll(2)
    expect([await app.get(1), await app.get(99), await app.sum()]).toEqual([2, 2, 42])
    // Three at first, then those that each write concerns.
    expect(cache.stats().definitions['']?.loads).toBe(10)
  })

  test('a transaction sees its own writes, others only what it committed', async () => {
    const { app } = await setUp(make)
    expect([await app.get(1), await app.sum()]).toEqual([0, 0])
    expect(await app.transaction(1, 666, 'rollback')).toBe(666)
    expect([await app.get(1), await app.sum()]).toEqual([0, 0])
    expect(await app.transaction(1, 5, 'commit')).toBe(5)
    expect([await app.get(1), await app.sum()]).toEqual([5, 5])
  })

  test('with many at once nobody reads what is older than an acknowledged write', async () => {
    const { app } = await setUp(make)
    const acknowledged = new Map<number, number>()
    const wrong: string[] = []
    let version = 0
    let over = false
    const look = async (id: number) => {
      const least = acknowledged.get(id) ?? 0
      const found = await app.get(id)
      if (found === undefined || found < least || found >= 1_000_000) wrong.push(`${id}: ${found} < ${least}`)
    }
    const readers = Array.from({ length: 8 }, async (_, i) => {
      for (let n = i; !over; n++) {
        await look(1 + (n % 4))
        if (n % 10 === 0) await app.sum()
      }
    })
    const write = async (id: number, n: number) => {
      const next = ++version
      if (n % 3 === 0) await app.transaction(id, next, 'commit')
      else if (n % 3 === 1) await app.transaction(id, 1_000_000 + next, 'rollback')
      else await app.set(id, next)
      if (n % 3 !== 1) acknowledged.set(id, next)
    }
    const writers = [1, 2, 3, 4].map(async (id) => {
      for (let n = 0; n < 60; n++) await write(id, n)
    })
    await Promise.all(writers)
    over = true
    await Promise.all(readers)
    expect(wrong).toEqual([])
    let sum = 0
    for (const id of [1, 2, 3, 4]) {
      expect(await app.get(id)).toBe(acknowledged.get(id))
      sum += acknowledged.get(id) as number
    }
    expect(await app.sum()).toBe(sum)
  })
})
