import { Client } from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { installTriggers, listenNotify, logicalReplication, outbox } from '../../src/index.ts'
import { becomes, connect, follow, newDatabase, reader, server } from '../rig.ts'

const postgres = server()

async function followed(sql: string) {
  const url = await newDatabase(postgres())
  const writer = await connect(url)
  await writer.query('create table users (id int primary key, name text)')
  await writer.query(sql)
  const seen = reader(await connect(url))
  const slot = url.split('/').at(-1) as string
  const { feed, gaps, warnings } = follow({
    cache: seen.cache,
    source: logicalReplication({ connection: url, slot, check: '200ms' }),
  })
  await feed.ready()
  await becomes(() => gaps.length, 1)
  let fresh = 0
  const tagged = (tag: string) => seen.cache.getOrSet(tag, () => ++fresh, { tags: [tag] })
  const removed = async (tag: string, change: string) => {
    const before = await tagged(tag)
    await writer.query(change)
    await becomes(async () => (await tagged(tag)) === before, false)
  }
  return { url, writer, seen, feed, gaps, warnings, tagged, removed }
}

const parents = `create table places (id int primary key, name text);
  create table cities (primary key (id)) inherits (places); create table towns () inherits (cities);
  insert into places values (1, 'a'); insert into cities values (2, 'b'); insert into towns values (3, 'c')`

test('a row of a table that inherits is one of the table that it inherits from', async () => {
  const { removed, writer, warnings } = await followed(parents)
  for (const tag of ['places:2', 'places', 'cities:2'])
    await removed(tag, "update cities set name = name || '!' where id = 2")
  await removed('places:2', 'update cities set id = 20 where id = 2')
  await removed('places:20', 'delete from places where id = 20')
  // Published without a primary key of its own, it could not be updated any more.
  await writer.query("update places set name = 'd'; update towns set name = 'e'; delete from towns")
  expect(warnings.map(({ found }) => found)).toContain('the table `towns` has no primary key')
})

test('triggers tell the same of tables that inherit', async () => {
  for (const source of [listenNotify, outbox]) {
    const url = await newDatabase({ url: inject('databaseUrl') })
    const writer = await connect(url)
    await writer.query(parents)
    const { cache } = reader(writer)
    const { feed, gaps } = follow({ cache, source: source({ connection: url, install: true }) })
    await feed.ready()
    await becomes(() => gaps.length > 0, true)
    await becomes(() => feed.stats().state, 'following')
    let fresh = 0
    const tagged = () => cache.getOrSet('k', () => ++fresh, { tags: ['places:2'] })
    const before = await tagged()
    await writer.query("update cities set name = 'new'")
    await becomes(async () => (await tagged()) === before, false)
    expect(feed.stats().changes).toBeGreaterThan(0)
    await feed.close()
  }
})

test('a publication that hides rows or columns is made whole, and the cache cleared', async () => {
  const { writer, gaps, removed } = await followed(
    'create table things (id int primary key, v int); insert into things values (1, 0), (2, 0)',
  )
  await writer.query('alter publication tierstack set table users, things where (id > 1)')
  await becomes(() => gaps.length, 2)
  await removed('things:1', 'update things set v = v + 1')
  await writer.query('alter publication tierstack set table users, things (id)')
  await becomes(() => gaps.length, 3)
  await writer.query('alter publication tierstack set (publish_via_partition_root = false)')
  await becomes(() => gaps.length, 4)
  expect(gaps.slice(1).map((why) => why.replace(/(?:, )?\b(?:users|things)/g, ''))).toEqual(
    Array.from({ length: 3 }, () => 'the publication lacked '),
  )
})

test('partitions that are emptied, detached or dropped by themselves, and tables that change names, are noticed', async () => {
  const { writer, gaps, removed, tagged } = await followed(`
    create table events (id int, day date, primary key (id, day)) partition by range (day);
    create table events_1 partition of events for values from ('2026-01-01') to ('2026-02-01');
    create table events_2 partition of events for values from ('2026-02-01') to ('2026-03-01');
    create table blue (id int primary key); create table green (id int primary key)`)
  const before = await tagged('users:1')
  await removed('events', 'truncate events_1')
  await removed('events:1:2026-02-01', 'alter table events detach partition events_2')
  await removed('events', 'drop table events_1')
  await removed('blue:1', 'alter table blue rename to old; alter table green rename to blue')
  await removed('blue', 'alter table blue add other int')
  expect(await tagged('users:1')).not.toBe(before)
  const count = gaps.length
  await writer.query('vacuum full users')
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(gaps.length).toBe(count)
})

test('who may write a table needs no right on the outbox', async () => {
  const url = await newDatabase({ url: inject('databaseUrl') })
  const owner = await connect(url)
  const role = `writer_${url.split('_').at(-1)}_${process.pid}`
  await owner.query(`create table users (id int primary key, name text); insert into users values (1, 'a');
    create table tags (word text primary key, note text); insert into tags values ('x', 'y');
    create role ${role} login password 'w'; grant select, insert, update, delete, truncate on all tables in schema public to ${role}`)
  onTestFinished(() => owner.query(`drop owned by ${role}; drop role ${role}`).then(() => {}))
  await installTriggers(owner, { by: 'outbox', columns: { tags: ['note'] } })
  const address = new URL(url)
  address.username = role
  address.password = 'w'
  const writer = new Client({ connectionString: address.href })
  await writer.connect()
  onTestFinished(() => writer.end())
  await writer.query("update users set name = 'b'; update tags set note = 'z', word = 'w'; truncate tags")
  const { rows } = await owner.query('select payload from tierstack.outbox order by id')
  expect(rows).toHaveLength(3)
  await expect(writer.query('select * from tierstack.outbox')).rejects.toThrow('permission denied')
})
