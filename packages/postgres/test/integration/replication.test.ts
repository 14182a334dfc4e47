import { describe, expect, test } from 'vitest'
import { logicalReplication } from '../../src/index.ts'
import type { Change } from '../../src/index.ts'
import { becomes, connect, follow, newDatabase, reader, server } from '../rig.ts'

const postgres = server()

const users = `create table users (id int primary key, name text not null, org int not null default 1);
  insert into users select i, 'user ' || i from generate_series(1, 100) i`

async function followed(
  o: { sql?: string; tables?: string[]; map?: Parameters<typeof follow>[0]['map'] } = {},
) {
  const url = await newDatabase(postgres())
  const writer = await connect(url)
  await writer.query(users)
  if (o.sql) await writer.query(o.sql)
  const seen = reader(await connect(url))
  const slot = url.split('/').at(-1) as string
  const source = logicalReplication({
    connection: url,
    slot,
    check: '200ms',
    ...(o.tables && { tables: o.tables }),
  })
  const { feed, gaps, warnings } = follow({ cache: seen.cache, source, ...(o.map && { map: o.map }) })
  await feed.ready()
  await becomes(() => gaps.length, 1)
  return { url, writer, seen, feed, gaps, warnings, slot }
}

describe('changes from outside become removals', () => {
  test('an update, an insert and a delete reach rows and lists, and say that the database was it', async () => {
    const { writer, seen } = await followed()
    expect([await seen.row(1), await seen.row(2), await seen.count()]).toEqual(['user 1', 'user 2', 100])
    await writer.query("update users set name = 'new' where id = 1")
    await becomes(() => seen.row(1), 'new')
    await writer.query('delete from users where id = 2')
    await becomes(() => seen.row(2), undefined)
    await writer.query("insert into users values (2, 'again')")
    await becomes(() => seen.row(2), 'again')
    await becomes(() => seen.count(), 100)
    expect(new Set(seen.origins)).toEqual(new Set(['db']))
  })

  test('a changed key reaches the old key and the new one', async () => {
    const { writer, seen } = await followed()
    expect([await seen.row(7), await seen.row(700)]).toEqual(['user 7', undefined])
    await writer.query('update users set id = 700 where id = 7')
    await becomes(async () => [await seen.row(7), await seen.row(700)], [undefined, 'user 7'])
  })

  test('a truncate removes every row', async () => {
    const { writer, seen } = await followed()
    expect([await seen.row(1), await seen.row(2)]).toEqual(['user 1', 'user 2'])
    await writer.query('truncate users')
    await becomes(async () => [await seen.row(1), await seen.row(2)], [undefined, undefined])
  })

  test('a transaction of 30,000 rows arrives whole, one that is rolled back does not', async () => {
    const { writer, seen, feed } = await followed()
    await writer.query("insert into users select i, 'user ' || i from generate_series(101, 30000) i")
    await becomes(() => feed.stats().changes, 29_900)
    for (const id of [1, 15_000, 30_000]) expect(await seen.row(id)).toBe(`user ${id}`)
    await writer.query("begin; update users set name = 'never' where id = 1; rollback")
    await writer.query("update users set name = 'all'")
    await becomes(() => feed.stats().changes, 59_900)
    for (const id of [1, 15_000, 30_000]) await becomes(() => seen.row(id), 'all')
    await becomes(() => feed.stats().lagMs, 0)
  })

  test('a changed structure removes what has the old one', async () => {
    const { writer, seen } = await followed()
    await writer.query("update users set name = 'new' where id = 2")
    await becomes(() => seen.row(2), 'new')
    expect(await seen.row(1)).toBe('user 1')
    // Changes the rows' contents, and tells the log of no row.
    await writer.query("alter table users drop column name, add column name text default 'default'")
    await writer.query('update users set org = 2 where id = 3')
    await becomes(() => seen.row(1), 'default')
  })

  test('the typed map adds tags and keys to those of the convention', async () => {
    type User = { id: string; org: string; name: string }
    const { writer, seen } = await followed({
      sql: 'alter table users replica identity full',
      map: {
        users: (change: Change<User>) => ({
          tags: [change.row, change.before].flatMap((row) => (row ? [`org-${row.org}`] : [])),
        }),
      },
    })
    const org = (id: number) =>
      seen.cache.getOrSet(
        `org ${id}`,
        async () => (await writer.query('select from users where org = $1', [id])).rowCount,
        { tags: [`org-${id}`] },
      )
    expect([await org(1), await org(2)]).toEqual([100, 0])
    await writer.query('update users set org = 2 where id <= 10')
    await becomes(async () => [await org(1), await org(2)], [90, 10])
  })

  test('compound keys, schemas, partitions and tables that come later are followed', async () => {
    const { writer, seen, feed } = await followed({
      sql: `create table members (since date, team int, person text, primary key (team, person));
        create table events (id int, day date, primary key (id, day)) partition by range (day);
        create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01')`,
    })
    const tagged = (tag: string) => seen.cache.getOrSet(tag, () => Math.random(), { tags: [tag] })
    const one = await tagged('members:7:ann')
    const other = await tagged('events:1:2026-05-05')
    await writer.query(
      "insert into members values (now(), 7, 'ann'); insert into events values (1, '2026-05-05')",
    )
    await becomes(async () => (await tagged('members:7:ann')) === one, false)
    await becomes(async () => (await tagged('events:1:2026-05-05')) === other, false)
    await writer.query('create table late (id int primary key)')
    const { gaps } = feed.stats()
    await becomes(() => feed.stats().gaps > gaps, true)
    const late = await tagged('late:1')
    await writer.query('insert into late values (1)')
    await becomes(async () => (await tagged('late:1')) === late, false)
    expect(feed.stats().changes).toBe(3)
  })
})
