import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import type { Driver } from 'kysely'
import { Pool, Query } from 'pg'
import postgres from 'postgres'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { cachedQueries } from '../../src/index.ts'
import type { CachedQueriesOptions } from '../../src/index.ts'
import { cachedDialect } from '../../src/kysely.ts'
import { cachedPool } from '../../src/pg.ts'
import { cachedSql } from '../../src/postgres-js.ts'
import { becomes, newDatabase } from '../rig.ts'

function poolOf(url: string, settings: object = {}): Pool {
  const pool = new Pool({ connectionString: url, max: 5, ...settings })
  pool.on('error', () => {})
  onTestFinished(() => pool.end())
  return pool
}

async function setUp(structure: string, more: Partial<CachedQueriesOptions> = {}) {
  const url = await newDatabase({ url: inject('databaseUrl') })
  const plain = poolOf(url)
  await plain.query(structure)
  const namespace = url.split('/').at(-1) as string
  const cache = createCache({ namespace, tiers: [memory(), redis({ url: inject('redisUrl') })], ttl: '1h' })
  onTestFinished(() => cache.close())
  const queries = cachedQueries({ cache, query: (text) => plain.query(text), ...more })
  const pool = cachedPool(plain, queries)
  const values = async (text: string, given: readonly unknown[] = []) =>
    (await pool.query({ text, values: [...given], rowMode: 'array' })).rows.flat() as unknown[]
  return { url, plain, cache, queries, pool, values }
}

const things =
  'create table things (id int primary key, v int not null); insert into things values (1, 0), (2, 0)'

describe('what a statement writes', () => {
  test('a queue that locks the rows which it takes removes them', async () => {
    const { pool, values } = await setUp(things)
    const read = () => values('select v from things where id = $1', [1])
    expect(await read()).toEqual([0])
    await pool.query(`with taken as (select id from things where v = 0 order by id limit 1 for update skip locked)
      update things set v = 1 from taken where things.id = taken.id returning things.id`)
    expect(await read()).toEqual([1])
  })

  test('rows that a foreign key of the table to itself deletes are removed', async () => {
    const { pool, values } = await setUp(`
      create table nodes (id int primary key, parent int references nodes on delete cascade on update cascade);
      insert into nodes values (1, null), (2, 1), (3, 2), (7, null), (8, 7)`)
    const read = (id: number) => values('select id, parent from nodes where id = $1', [id])
    expect([await read(1), await read(2), await read(3)]).toEqual([
      [1, null],
      [2, 1],
      [3, 2],
    ])
    await pool.query('delete from nodes where id = $1', [1])
    expect([await read(1), await read(2), await read(3)]).toEqual([[], [], []])
    expect(await read(8)).toEqual([8, 7])
    await pool.query('update nodes set id = $1 where id = $2', [70, 7])
    expect(await read(8)).toEqual([8, 70])
  })

  test('and those of a circle of tables', async () => {
    const { pool, values } = await setUp(`
      create table a (id int primary key, b int); create table b (id int primary key, a int references a on delete cascade);
      alter table a add foreign key (b) references b on delete cascade;
      insert into a values (1, null); insert into b values (1, 1); insert into a values (2, 1)`)
    const read = () => values('select id from a where id = $1', [2])
    expect(await read()).toEqual([2])
    await pool.query('delete from a where id = $1', [1])
    expect(await read()).toEqual([])
  })

  test('an update of other columns leaves alone what refers to a row', async () => {
    const { pool, values, cache } = await setUp(`${things};
      create table parts (id int primary key, thing int references things on delete cascade on update cascade);
      insert into parts values (1, 1)`)
    const read = () => values('select thing from parts where id = $1', [1])
    expect(await read()).toEqual([1])
    await pool.query('update things set v = 5 where id = $1', [1])
    expect([await read(), cache.stats().definitions['']?.loads]).toEqual([[1], 1])
    await pool.query('update things set id = 9 where id = $1', [1])
    expect(await read()).toEqual([9])
    await pool.query('insert into things values (9, 1) on conflict (id) do update set id = 10')
    expect(await read()).toEqual([10])
  })

  test('a truncate that cascades removes tables that refer without an action', async () => {
    const { pool, values } = await setUp(`${things};
      create table parts (id int primary key, thing int references things); insert into parts values (1, 1)`)
    const read = () => values('select count(*)::int from parts')
    expect(await read()).toEqual([1])
    await pool.query('truncate things cascade')
    expect(await read()).toEqual([0])
  })

  test('a name that is only known to the database counts as any table', async () => {
    const long = 'long_'.repeat(13)
    const { plain, pool, values } =
      await setUp(`create table "Ärger" (id int primary key, v int); insert into "Ärger" values (1, 0);
      create table ${long} (v int); insert into ${long} values (0)`)
    const read = () => values('select v from "Ärger" where id = 1')
    expect(await read()).toEqual([0])
    await pool.query('update Ärger set v = 1')
    expect(await read()).toEqual([1])
    const cut = () => values(`select v from "${long.slice(0, 63)}"`)
    expect(await cut()).toEqual([0])
    await pool.query(`update ${long} set v = 1`)
    expect(await cut()).toEqual([1])
    await plain.query('create table young (id int primary key, v int); insert into young values (1, 0)')
    // Another process knows it already.
    const other = await another(plain)
    expect((await other.query('select v from young where id = 1')).rows).toEqual([{ v: 0 }])
    await pool.query('update young set v = 1 where id = 1')
    await becomes(async () => (await other.query('select v from young where id = 1')).rows[0]?.v, 1)

    async function another(client: Pool) {
      const { rows } = await client.query('select current_database() as name')
      const cache = createCache({
        namespace: rows[0].name as string,
        tiers: [memory(), redis({ url: inject('redisUrl') })],
        ttl: '1h',
      })
      onTestFinished(() => cache.close())
      return cachedPool(client, cachedQueries({ cache, query: (text) => client.query(text) }))
    }
  })

  test('a comment ends where the database ends it, and a function of the standard ends no transaction', async () => {
    const { pool, values } = await setUp(things)
    const read = () => values('select v from things where id = 1')
    expect(await read()).toEqual([0])
    await pool.query('-- more\rupdate things set v = 1')
    expect(await read()).toEqual([1])
    const client = await pool.connect()
    await client.query('begin')
    await client.query('update things set v = 2')
    await client.query(`create function twice(int) returns int begin atomic
      select case when $1 > 0 then 1 end; select v from things where id = $1; end`)
    expect((await client.query('select v from things where id = 1')).rows).toEqual([{ v: 2 }])
    await client.query('rollback')
    client.release()
    expect(await read()).toEqual([1])
  })
})

describe('what a result depends on', () => {
  test.each([
    ['the session', "select * from things where v = current_setting('app.v')::int"],
    ['the user', "select * from things where current_user = 'postgres'"],
    ['chance', 'select id, random() as v from things'],
    ['the clock', 'select id, extract(epoch from clock_timestamp()) as v from things'],
    ['a materialized view', 'select * from things natural join kept'],
    ['a catalog', 'select things.* from things, pg_stat_activity'],
  ])('a view of %s is not cached', async (_what, view) => {
    const { plain, values, cache } = await setUp(
      `${things}; create materialized view kept as select id from things`,
    )
    await plain.query(`create view looks as ${view}; create view deeper as select * from looks`)
    await plain.query("set app.v = '0'")
    for (const name of ['looks', 'deeper', 'looks'])
      await values(`select * from ${name}`).catch(() => 'app.v is set on one connection only')
    expect(cache.stats().definitions['']?.loads ?? 0).toBe(0)
  })

  test('a view of tables alone is', async () => {
    const { plain, pool, values, cache } = await setUp(things)
    await plain.query('create view looks as select id, v + 1 as v from things where v < 10')
    expect([await values('select v from looks'), await values('select v from looks')]).toEqual([
      [1, 1],
      [1, 1],
    ])
    expect(cache.stats().definitions['']?.loads).toBe(1)
    await pool.query('update looks set id = 3 where id = 2')
    await pool.query('update things set v = 7 where id = 1')
    expect(await values('select v from looks order by v')).toEqual([1, 8])
  })

  test('a connection whose search_path was set by a function is on its own, also when it is used again', async () => {
    const { pool, values } = await setUp(`${things}; create schema other;
      create table other.things (id int primary key, v int); insert into other.things values (1, 77)`)
    expect(await values('select v from things where id = $1', [1])).toEqual([0])
    for (const set of ["select set_config('search_path', 'other', false)", 'select 1']) {
      const client = await pool.connect()
      await client.query(set)
      const text = 'select v from things where id = $1'
      expect((await client.query({ text, values: [1], rowMode: 'array' })).rows).toEqual([[77]])
      client.release()
    }
  })

  test('two databases on one cache keep apart', async () => {
    const one = await setUp(things)
    const url = await newDatabase({ url: inject('databaseUrl') })
    const plain = poolOf(url)
    await plain.query(`${things}; update things set v = 99`)
    const two = cachedPool(plain, cachedQueries({ cache: one.cache, query: (text) => plain.query(text) }))
    const text = 'select v from things where id = 1'
    expect([await one.values(text), (await two.query({ text, rowMode: 'array' })).rows.flat()]).toEqual([
      [0],
      [99],
    ])
  })

  test('values that write themselves, and moments given as values, are not taken for the same', async () => {
    const { values, cache } = await setUp(things)
    const self = (id: number) => ({ toPostgres: () => String(id) })
    await values('update things set v = id').catch(() => {})
    expect(await values('select v from things where id = $1', [self(1)])).toEqual([1])
    expect(await values('select v from things where id = $1', [self(2)])).toEqual([2])
    const before = cache.stats().definitions['']?.loads ?? 0
    await values("select v from things where $1::timestamptz > '2020-01-01'", ['now'])
    await values("select v from things where 'today 10:00'::timestamptz > '2020-01-01'")
    expect(cache.stats().definitions['']?.loads ?? 0).toBe(before)
  })
})

/** BEGIN fails, and a stream is one chunk. */
class Failing extends PostgresDialect {
  override createDriver(): Driver {
    const driver = super.createDriver()
    driver.beginTransaction = async (connection) => {
      await connection.executeQuery(CompiledQuery.raw('begin isolation level nonsense'))
    }
    const acquire = driver.acquireConnection.bind(driver)
    driver.acquireConnection = async () => {
      const connection = await acquire()
      connection.streamQuery = async function* (query: CompiledQuery) {
        yield await connection.executeQuery(query)
      } as typeof connection.streamQuery
      return connection
    }
    return driver
  }
}

test('what a replica shows that lags behind is not kept', async () => {
  let current: boolean | undefined = false
  const asked = () =>
    current === undefined ? Promise.reject(new Error('no primary')) : Promise.resolve(current)
  const { plain, values } = await setUp(things, { current: asked })
  const read = async () => (await values('select v from things where id = 1'))[0]
  expect(await read()).toBe(0)
  await plain.query('update things set v = 1')
  expect(await read()).toBe(1)
  current = true
  expect(await read()).toBe(1)
  await plain.query('update things set v = 2')
  current = undefined
  expect(await read()).toBe(1)
  await expect(values('select v from things where id = 2')).rejects.toThrow('no primary')
})

describe('transactions', () => {
  test('what is asked for before BEGIN has answered belongs to the transaction', async () => {
    const { pool, values } = await setUp(things)
    const text = 'select v from things where id = 1'
    for (const warm of [false, true]) {
      if (warm) await values(text)
      const client = await pool.connect()
      const [, , read] = await Promise.all([
        client.query('begin'),
        client.query('update things set v = 666'),
        client.query({ text, rowMode: 'array' }),
      ])
      expect(read.rows.flat()).toEqual([666])
      await client.query('rollback')
      client.release()
      expect(await values(text)).toEqual([0])
    }
  })

  test('statements of a connection keep their order, also when one names a table that nobody knows', async () => {
    const { pool, plain } = await setUp(things)
    await pool.query('select v from things')
    await new Promise((resolve) => setTimeout(resolve, 5_100))
    await plain.query('create table young (n int)')
    const client = await pool.connect()
    await Promise.all([
      client.query('insert into young values (1)'),
      client.query('update things set v = (select count(*) from young)'),
    ])
    client.release()
    expect((await plain.query('select v from things where id = 1')).rows).toEqual([{ v: 1 }])
  })

  test('callbacks are cached and removed as promises are', async () => {
    const { pool, values } = await setUp(things)
    const read = () => values('select v from things where id = 1')
    expect(await read()).toEqual([0])
    const told = (start: (done: (error: Error | null, result?: unknown) => void) => void) =>
      new Promise<unknown>((resolve, reject) =>
        start((error, result) => (error ? reject(error) : resolve(result))),
      )
    await told((done) => pool.query('update things set v = $1', [1], done))
    expect(await read()).toEqual([1])
    await expect(told((done) => pool.query('update nothing set v = 1', done))).rejects.toThrow('nothing')
    await new Promise<void>((resolve, reject) => {
      pool.connect((error, client, release) => {
        if (error || !client) return reject(error ?? new Error('no client'))
        client.query('begin', () =>
          client.query('update things set v = 2', () => {
            client.query('select v from things where id = 1', (_error, { rows }) => {
              expect(rows).toEqual([{ v: 2 }])
              client.query('commit', () => {
                release()
                resolve()
              })
            })
          }),
        )
      })
    })
    expect(await read()).toEqual([2])
  })

  test('what a pool runs by itself, and a named statement without its text, are removed as well', async () => {
    const { pool, values } = await setUp(things)
    const read = () => values('select v from things where id = 1')
    expect(await read()).toEqual([0])
    const client = await pool.connect()
    const query = client.query(new Query('update things set v = $1', [1]))
    await new Promise((resolve) => query.on('end', resolve))
    expect(await read()).toEqual([1])
    await client.query({ name: 'set', text: 'update things set v = $1', values: [2] })
    expect(await read()).toEqual([2])
    await client.query({ name: 'set', values: [3] } as unknown as { text: string })
    expect(await read()).toEqual([3])
    client.release()
  })

  test('who holds the last connection reads on it what another waits to read', async () => {
    const { url, queries, values } = await setUp(things)
    const pool = cachedPool(poolOf(url, { max: 1 }), queries)
    expect(await values('select v from things where id = 1')).toEqual([0])
    const client = await pool.connect()
    const waits = pool.query('select v from things where id = 2')
    expect((await client.query('select v from things where id = 2')).rows).toEqual([{ v: 0 }])
    client.release()
    expect((await waits).rows).toEqual([{ v: 0 }])
  })

  test('a transaction of Kysely that could not begin leaves its connection as it was', async () => {
    const { url, queries, values } = await setUp(things)
    const dialect = new Failing({ pool: poolOf(url, { max: 1 }) })
    const db = new Kysely<{ things: { id: number; v: number } }>({ dialect: cachedDialect(dialect, queries) })
    const read = () => values('select v from things where id = 1')
    expect(await read()).toEqual([0])
    await expect(db.transaction().execute(async () => {})).rejects.toThrow('nonsense')
    await db.updateTable('things').set({ v: 3 }).execute()
    expect(await read()).toEqual([3])
    for await (const row of db.deleteFrom('things').where('id', '=', 1).returningAll().stream())
      expect(row.v).toBe(3)
    expect(await read()).toEqual([])
    await sql`insert into things values (1, 4)`.execute(db)
    expect(await read()).toEqual([4])
  })

  test('a write that its client gave up, and which is done later, is removed then', async () => {
    const { url, plain, queries, values } = await setUp(things)
    const impatient = cachedPool(poolOf(url, { query_timeout: 300 }), queries)
    const read = () => values('select v from things where id = 1')
    const holder = await plain.connect()
    await holder.query('begin')
    await holder.query('select from things where id = 1 for update')
    expect(await read()).toEqual([0])
    await expect(impatient.query('update things set v = 8 where id = 1')).rejects.toThrow('timeout')
    expect(await read()).toEqual([0])
    await holder.query('commit')
    holder.release()
    await becomes(read, [8])
  })

  test('while nobody can ask about tables, transactions are followed and writes remove everything', async () => {
    const { url, plain, cache, values } = await setUp(things)
    let down = true
    const queries = cachedQueries({
      cache,
      query: (text) => (down ? Promise.reject(new Error('no connection left')) : plain.query(text)),
    })
    const pool = cachedPool(poolOf(url), queries)
    const read = () => values('select v from things where id = 1')
    expect(await read()).toEqual([0])
    await pool.query('update things set v = 1')
    expect(await read()).toEqual([1])
    const client = await pool.connect()
    await client.query('begin')
    await client.query('update things set v = 2')
    down = false
    const text = 'select v from things where id = 1'
    expect((await client.query({ text, rowMode: 'array' })).rows.flat()).toEqual([2])
    expect(await read()).toEqual([1])
    await client.query('commit')
    client.release()
    expect(await read()).toEqual([2])
  })
})

describe('a result from the cache is like one from the database', () => {
  const columns = `1::int2 as a, 2::int8 as b, 1.50::numeric as c, 'NaN'::float8 as d, true as e, 'x'::text as f,
    '\\x00ff'::bytea as g, '2020-01-02 03:04:05.678+00'::timestamptz as h, '2020-01-02'::date as i, '{"a": [1, null]}'::jsonb as j,
    array[1, null, 3] as k, array['a', null] as l, '1 day 02:03:04'::interval as m, '(1,2)'::point as n, null::text as o,
    'infinity'::timestamptz as p, array['\\x01'::bytea] as q, '<(1,2),3>'::circle as r, array['1 day'::interval] as s, '-0'::float8 as t`

  test('of pg', async () => {
    const { plain, pool } = await setUp(things)
    const text = `select ${columns} from things where id = 1`
    const bare = await plain.query(text)
    for (const _ of [1, 2, 3]) {
      const { rows, rowCount, command, fields } = await pool.query(text)
      expect({ rows, rowCount, command }).toStrictEqual({
        rows: bare.rows.map((row) => ({ ...row })),
        rowCount: 1,
        command: 'SELECT',
      })
      expect(fields.map((field) => ({ ...field }))).toEqual(bare.fields.map((field) => ({ ...field })))
      expect(Buffer.isBuffer(rows[0].g) && Buffer.isBuffer(rows[0].q[0])).toBe(true)
      expect(rows[0].m.toISO()).toBe(bare.rows[0].m.toISO())
      rows[0].f = 'changed'
      rows.push({})
    }
  })

  test('a file of postgres.js removes what it writes, and is cached as its text is', async () => {
    const { url, queries, values, plain } = await setUp(things)
    const bare = postgres(url)
    onTestFinished(() => bare.end())
    const cached = cachedSql(bare, queries)
    const folder = await mkdtemp(join(tmpdir(), 'queries-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const [write, look] = [join(folder, 'write.sql'), join(folder, 'look.sql')]
    await writeFile(write, 'update things set v = $1 where id = $2')
    await writeFile(look, 'select v from things where id = $1')
    const read = () => values('select v from things where id = 1')
    expect(await read()).toEqual([0])
    await cached.file(write, [5, 1])
    expect([await read(), [...(await cached.file(look, [1]))]]).toEqual([[5], [{ v: 5 }]])
    await plain.query('update things set v = 6')
    expect([...(await cached.file(look, [1]))]).toEqual([{ v: 5 }])
    await cached
      .begin(async (tx) => void (await tx.file(write, [7, 1])))
      .then(async () => expect(await read()).toEqual([7]))
    await expect(cached.file(join(folder, 'none.sql'))).rejects.toThrow('ENOENT')
  })

  test('of postgres.js', async () => {
    const { url, queries } = await setUp(things)
    const bare = postgres(url)
    onTestFinished(() => bare.end())
    const cached = cachedSql(bare, queries)
    const text = `select ${columns} from things where id = 1`
    const expected = await bare.unsafe(text)
    for (const _ of [1, 2, 3]) {
      const result = await cached.unsafe(text)
      expect([...result]).toStrictEqual([...expected])
      expect(Buffer.isBuffer(result[0]?.['g'])).toBe(true)
      expect([result.count, result.command]).toEqual([expected.count, expected.command])
    }
    expect((await cached.unsafe(text).describe()).columns).toHaveLength(20)
    expect([...(await cached.unsafe(text))]).toStrictEqual([...expected])
  })
})
