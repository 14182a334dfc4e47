import { PGlite } from '@electric-sql/pglite'
import { createCache } from '@tierstack/cache-core'
import type { Cache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import type { Client } from 'pg'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  changeFeed,
  installTriggers,
  listenNotify,
  outbox,
  triggerSql,
  uninstallTriggers,
} from '../../src/index.ts'
import type { Change, OutboxOptions } from '../../src/index.ts'
import { becomes, connect, follow, holdingProxy, newDatabase, reader } from '../rig.ts'

const users =
  "create table users (id int primary key, name text); insert into users select i, 'old' from generate_series(1, 100) i"

async function place(): Promise<{ url: string; writer: Client; seen: ReturnType<typeof reader> }> {
  const url = await newDatabase({ url: inject('databaseUrl') })
  const writer = await connect(url)
  await writer.query(users)
  return { url, writer, seen: reader(await connect(url)) }
}

const quick = { silence: 400, takeOver: 50, check: 200 } as const
const sources = {
  listenNotify: (options: OutboxOptions) => listenNotify({ ...quick, ...options }),
  outbox: (options: OutboxOptions) => outbox({ ...quick, poll: 20, ...options }),
}

describe.each(['listenNotify', 'outbox'] as const)('%s', (kind) => {
  const source = sources[kind]
  const by = kind === 'outbox' ? 'outbox' : 'notify'

  test('rows, lists, keys that change, truncates and 20,000 rows at once become removals', async () => {
    const { url, writer, seen } = await place()
    const { feed, gaps } = follow({ cache: seen.cache, source: source({ connection: url, install: true }) })
    await feed.ready()
    await becomes(() => gaps.length > 0, true)
    await becomes(() => feed.stats().lagMs, 0)
    expect([await seen.row(1), await seen.row(700), await seen.count()]).toEqual(['old', undefined, 100])
    await writer.query("update users set name = 'new' where id = 1; delete from users where id = 3")
    await becomes(async () => [await seen.row(1), await seen.count()], ['new', 99])
    await writer.query('update users set id = 700 where id = 1')
    await becomes(async () => [await seen.row(1), await seen.row(700)], [undefined, 'new'])
    await writer.query("insert into users select i, 'many' from generate_series(1001, 21000) i")
    await becomes(() => seen.count(), 20_099)
    expect([await seen.row(2), await seen.row(21_000)]).toEqual(['old', 'many'])
    await writer.query("begin; update users set name = 'never' where id = 2; rollback")
    await writer.query("update users set name = 'all'")
    for (const id of [2, 15_000]) await becomes(() => seen.row(id), 'all')
    await writer.query('truncate users')
    await becomes(() => seen.row(2), undefined)
    expect(new Set(seen.origins)).toEqual(new Set(['db']))
  })

  test('long keys, compound ones and partitions are reported', async () => {
    const { url, writer, seen } = await place()
    await writer.query(`create table members (since date, team int, person text, primary key (team, person));
      create table events (id int, day date, primary key (id, day)) partition by range (day);
      create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01')`)
    await installTriggers(writer, { by })
    const { feed, gaps } = follow({ cache: seen.cache, source: source({ connection: url }) })
    await feed.ready()
    await becomes(() => gaps.length > 0, true)
    const tagged = (tag: string) => seen.cache.getOrSet(tag, () => Math.random(), { tags: [tag] })
    const one = await tagged('members:7:ann')
    const other = await tagged('events:1:2026-05-05')
    await writer.query("insert into members values (now(), 7, 'ann')")
    await writer.query("insert into events_2026 values (1, '2026-05-05')")
    await becomes(async () => (await tagged('members:7:ann')) === one, false)
    await becomes(async () => (await tagged('events:1:2026-05-05')) === other, false)
    const long = await tagged('anything')
    await writer.query("insert into members select now(), i, repeat('x', 2000) from generate_series(1, 20) i")
    await becomes(async () => (await tagged('anything')) === long, false)
    expect(feed.stats().changes).toBe(2)
  })

  test('triggers are installed twice without harm, and are gone after an uninstall', async () => {
    const { url, writer } = await place()
    await writer.query(await triggerSql(writer, { by }))
    await installTriggers(writer, { by })
    const count = async () =>
      (await writer.query("select count(*)::int as n from pg_trigger where tgname like 'tierstack%'")).rows[0]
        .n
    expect(await count()).toBe(4)
    await uninstallTriggers(writer)
    await uninstallTriggers(writer)
    expect(await count()).toBe(0)
    const cache = { changed: async () => ({ confirmed: [], queued: [], durable: [], bus: 'none' as const }) }
    const feed = changeFeed({ cache, source: source({ connection: url }) })
    onTestFinished(() => feed.close())
    await expect(feed.ready()).rejects.toThrow(
      'triggers are missing or switched off on `users`: run `installTriggers` as the owner of the tables, or set `install`',
    )
    await installTriggers(writer, { by })
    await becomes(() => feed.stats().state, 'following')
  })

  test('columns that are asked for are told as they were and as they are', async () => {
    const { url, writer } = await place()
    await writer.query(`alter table users add column "odd ""*/ name" text;
      create table events (id int, day date, kind text, primary key (id, day)) partition by range (day);
      create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01')`)
    const told: unknown[] = []
    const cache = { changed: async () => ({ confirmed: [], queued: [], durable: [], bus: 'none' as const }) }
    const columns = { users: ['name', 'odd "*/ name', 'id'], 'public.events': ['kind'] }
    const tell = ({ op, key, row, before }: Change) => {
      told.push([op, key?.join(), before, row])
      return []
    }
    const feed = changeFeed({
      cache,
      source: source({ connection: url, tables: ['users', 'events'], columns, install: true }),
      map: { users: tell, events: tell },
    })
    onTestFinished(() => feed.close())
    await feed.ready()
    const after = async (sql: string, count: number) => {
      told.length = 0
      await writer.query(sql)
      await becomes(() => told.length, count)
      return [...told]
    }
    const odd = 'odd "*/ name'
    expect(await after("update users set name = 'new' where id = 1", 1)).toEqual([
      ['update', '1', { id: '1', name: 'old', [odd]: null }, { id: '1', name: 'new', [odd]: null }],
    ])
    expect(await after(`insert into users values (500, null, 'x''"y')`, 1)).toEqual([
      ['insert', '500', undefined, { id: '500', name: null, [odd]: `x'"y` }],
    ])
    expect(await after('delete from users where id = 500', 1)).toEqual([
      ['delete', '500', { id: '500', name: null, [odd]: `x'"y` }, undefined],
    ])
    const moved = await after('update users set id = 600 where id = 1', 2)
    expect(new Set(moved)).toEqual(
      new Set([
        ['update', '1', { id: '1', name: 'new', [odd]: null }, undefined],
        ['update', '600', undefined, { id: '600', name: 'new', [odd]: null }],
      ]),
    )
    expect(await after("update users set name = 'many'", 100)).toHaveLength(100)
    await after("insert into events_2026 values (1, '2026-05-05', 'a')", 1)
    expect(await after("update events set kind = 'b'", 1)).toEqual([
      [
        'update',
        '1,2026-05-05',
        { id: '1', day: '2026-05-05', kind: 'a' },
        { id: '1', day: '2026-05-05', kind: 'b' },
      ],
    ])
    expect((await after("update events set day = '2026-05-06'", 2)).flat()).not.toContain('a')
    // Too large for a notification: the key alone.
    const [large] = await after("update users set name = repeat('x', 9000) where id = 2", 1)
    expect(large).toMatchObject(['update', '2', undefined, { id: '2' }])
    // Nobody's write fails for a column that is gone.
    expect(
      await after('alter table users drop column name; update users set id = 3 where id = 3', 1),
    ).toEqual([['update', '3', undefined, { id: '3' }]])
    expect(await after('alter table events drop column kind; delete from events', 1)).toHaveLength(1)
  })

  test('columns that are asked for by another version go on being reported, and wrong ones are refused', async () => {
    const { url, writer } = await place()
    await installTriggers(writer, { by, columns: { users: ['name'] } })
    const cache = { changed: async () => ({ confirmed: [], queued: [], durable: [], bus: 'none' as const }) }
    const told: Change[] = []
    const open = (columns: OutboxOptions['columns'], install = true) => {
      const feed = changeFeed({
        cache,
        source: source({ connection: url, install, perProcess: true, ...(columns && { columns }) }),
        map: {
          users(change) {
            told.push(change)
            return []
          },
        },
      })
      onTestFinished(() => feed.close())
      return feed
    }
    await open(undefined).ready()
    await writer.query('alter table users add column age int')
    await expect(open({ users: ['age'] }, false).ready()).rejects.toThrow(
      'triggers are missing or switched off',
    )
    await open({ users: ['age'] }).ready()
    await writer.query('update users set age = 7 where id = 1')
    await becomes(() => told.at(-1)?.row, { id: '1', age: '7', name: 'old' })
    await expect(open({ users: ['nmae'] }).ready()).rejects.toThrow(
      'the table `users` has no column `nmae`: take it out of `columns`',
    )
    await expect(open({ people: ['name'] }).ready()).rejects.toThrow(
      '`columns` names the table `people`, which is not followed: add it to `tables`',
    )
    expect(() => open({ users: [] })).toThrow('Expected `columns` to be lists of column names, by table')
  })

  test('a lost connection and a take-over by another process lose nothing', async () => {
    const { url, writer, seen } = await place()
    await installTriggers(writer, { by })
    const holder = follow({ cache: seen.cache, source: source({ connection: url }) })
    await holder.feed.ready()
    await becomes(() => holder.gaps.length, 1)
    await becomes(() => holder.feed.stats().lagMs, 0)
    const other = follow({ cache: seen.cache, source: source({ connection: url }) })
    await other.feed.ready()
    expect(other.feed.stats().state).toBe('standby')
    expect(await seen.row(1)).toBe('old')
    await writer.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1',
      ['tierstack'],
    )
    await writer.query("update users set name = 'new' where id = 1")
    await becomes(() => seen.row(1), 'new')
    const states = () => [holder.feed.stats().state, other.feed.stats().state].toSorted()
    await becomes(states, ['following', 'standby'])
    expect(await seen.row(2)).toBe('old')
    const [first, second] = holder.feed.stats().state === 'following' ? [holder, other] : [other, holder]
    await first.feed.close()
    await writer.query("update users set name = 'new' where id = 2")
    await becomes(() => seen.row(2), 'new')
    await becomes(() => second.feed.stats().state, 'following')
    // What isn't kept anywhere is a gap; a table is kept.
    expect([...holder.gaps, ...other.gaps].length > 1).toBe(kind === 'listenNotify')
  })

  test('a trigger that was dropped meanwhile is a gap', async () => {
    const { url, writer, seen } = await place()
    const { feed, gaps } = follow({ cache: seen.cache, source: source({ connection: url, install: true }) })
    await feed.ready()
    await becomes(() => gaps.length > 0, true)
    await becomes(() => feed.stats().lagMs, 0)
    expect(await seen.row(1)).toBe('old')
    await writer.query("drop trigger tierstack_update on users; update users set name = 'new' where id = 1")
    await becomes(() => seen.row(1), 'new')
    await writer.query("update users set name = 'newer' where id = 1")
    await becomes(() => seen.row(1), 'newer')
  })
})

test('a connection on which nothing is heard any more counts as lost', async () => {
  const { url, writer, seen } = await place()
  await installTriggers(writer)
  const proxy = await holdingProxy(url)
  const { feed, gaps, states } = follow({
    cache: seen.cache,
    source: sources.listenNotify({ connection: proxy.url }),
  })
  await feed.ready()
  await becomes(() => gaps.length, 1)
  expect(await seen.row(1)).toBe('old')
  // The network falls silent: nothing is closed, nothing arrives.
  proxy.hold()
  await writer.query("update users set name = 'new' where id = 1")
  await becomes(() => seen.row(1), 'new')
  expect(states).toContain('down')
})

test('the outbox does not lose a transaction that began first and commits last', async () => {
  const { url, writer, seen } = await place()
  await installTriggers(writer, { by: 'outbox' })
  const { feed, gaps } = follow({ cache: seen.cache, source: sources.outbox({ connection: url }) })
  await feed.ready()
  await becomes(() => gaps.length, 1)
  await becomes(() => feed.stats().lagMs, 0)
  for (const id of [1, 2]) expect(await seen.row(id)).toBe('old')
  const slow = await connect(url)
  await slow.query("begin; update users set name = 'slow' where id = 1")
  await writer.query("update users set name = 'quick' where id = 2")
  await becomes(() => seen.row(2), 'quick')
  expect(await seen.row(1)).toBe('old')
  await slow.query('commit')
  await becomes(() => seen.row(1), 'slow')
  expect(feed.stats().changes).toBe(2)
})

test('a position that was kept on another server is a gap, and the outbox is read from here on', async () => {
  const { url, writer, seen } = await place()
  await installTriggers(writer, { by: 'outbox' })
  const begin = async () => {
    const followed = follow({ cache: seen.cache, source: sources.outbox({ connection: url }) })
    await followed.feed.ready()
    await becomes(() => followed.feed.stats().state, 'following')
    return followed
  }
  // What a dump brings with it from a server that has counted further.
  await writer.query("insert into tierstack.outbox_position values ('tierstack', '1000000000000')")
  expect(await seen.row(1)).toBe('old')
  await writer.query("update users set name = 'new' where id = 1")
  const first = await begin()
  await becomes(() => first.gaps.length, 1)
  await becomes(() => seen.row(1), 'new')
  await becomes(async () => (await writer.query('select from tierstack.outbox_position')).rowCount, 1)
  await first.feed.close()
  expect(await seen.row(2)).toBe('old')
  await writer.query("update users set name = 'new' where id = 2")
  const second = await begin()
  await becomes(() => seen.row(2), 'new')
  expect(second.gaps).toEqual([])
})

test('a database within this process is followed too', async () => {
  const database = new PGlite()
  onTestFinished(() => database.close())
  await database.exec(users)
  const cache = createCache({ namespace: 'test', tiers: [memory()], ttl: '1h' })
  onTestFinished(() => cache.close())
  const seen = reader(database as unknown as Client, cache as unknown as Cache)
  const { feed, gaps } = follow({ cache, source: listenNotify({ database, install: true }) })
  await feed.ready()
  await becomes(() => gaps.length > 0, true)
  expect(await seen.row(1)).toBe('old')
  await database.exec("update users set name = 'new' where id = 1")
  await becomes(() => seen.row(1), 'new')
})
