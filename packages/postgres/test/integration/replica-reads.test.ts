import { createCache } from '@tierstack/cache-core'
import type { LoadContext } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { startStandby } from '@tierstack/test-services'
import { expect, inject, onTestFinished, test } from 'vitest'
import { changeFeed, logicalReplication, replicaReads } from '../../src/index.ts'
import { becomes, connect, logical, server } from '../rig.ts'

const postgres = server(logical)

test('what a replica has not replayed yet is given to readers, and not kept', async () => {
  const primary = await connect(postgres().url)
  await primary.query(
    "create table users (id int primary key, name text); insert into users values (1, 'old')",
  )
  const standby = await startStandby(postgres(), { settings: logical })
  onTestFinished(() => standby.stop())
  const replica = await connect(standby.url)
  const read = async (id: number) => {
    const { rows } = await replica.query('select name from users where id = $1', [id])
    return rows[0]?.name as string
  }
  const { guard, current } = replicaReads({
    primary: (sql) => primary.query(sql),
    replica: (sql) => replica.query(sql),
    wait: '50ms',
  })
  const cache = createCache({ namespace: 'replica', tiers: [memory()], ttl: '1h' })
  onTestFinished(() => cache.close())
  const guarded = cache.define({
    name: 'guarded',
    load: guard((id: number, _context: LoadContext) => read(id)),
  })
  const bare = cache.define({ name: 'bare', load: read })
  await becomes(
    () =>
      replica.query('select from users').then(
        ({ rowCount }) => rowCount,
        () => 0,
      ),
    1,
  )
  await becomes(current, true)
  expect([await guarded(1), guarded.peek(1)]).toEqual(['old', 'old'])

  await replica.query('select pg_wal_replay_pause()')
  await primary.query("update users set name = 'new' where id = 1")
  await guarded.delete(1)
  await bare.delete(1)
  // The replica answers with the row of before, whatever the cache does.
  expect([await guarded(1), guarded.peek(1)]).toEqual(['old', undefined])
  expect(await bare(1)).toBe('old')

  await replica.query('select pg_wal_replay_resume()')
  await becomes(current, true)
  expect([await guarded(1), guarded.peek(1)]).toEqual(['new', 'new'])
  expect(await bare(1)).toBe('old')
})

test('a replica that is late by setting keeps no old row alive, whichever process removed it', async () => {
  const primary = await connect(postgres().url)
  await primary.query(
    'create table if not exists late (id int primary key, v int); insert into late values (1, 0)',
  )
  const settings = { ...logical, recovery_min_apply_delay: '700ms' }
  const standby = await startStandby(postgres(), { settings })
  onTestFinished(() => standby.stop())
  const replica = await connect(standby.url)
  const { guard } = replicaReads({
    primary: (sql) => primary.query(sql),
    replica: (sql) => replica.query(sql),
    wait: '20ms',
  })
  const process = () => {
    const tiers = [memory(), redis({ url: inject('redisUrl') })]
    const cache = createCache({ namespace: `late-${postgres().port}`, tiers, ttl: '1h' })
    onTestFinished(() => cache.close())
    const load = async (id: number) =>
      (await replica.query('select v from late where id = $1', [id])).rows[0]?.v as number
    return cache.define({ name: 'late', load: guard((id: number, _context: LoadContext) => load(id)) })
  }
  const [one, other] = [process(), process()]
  await becomes(() => one(1).catch(() => undefined), 0)
  let lagged = 0
  for (let version = 1; version <= 3; version++) {
    await primary.query('update late set v = $1', [version])
    await one.delete(1)
    // What both load now is the row of before: it may be seen, and must not stay.
    for (const reader of [other, one]) if ((await reader(1)) < version) lagged++
    expect([one.peek(1), other.peek(1)].every((kept) => kept === undefined || kept === version)).toBe(true)
    await becomes(() => other(1), version)
    await becomes(() => one(1), version)
  }
  expect(lagged).toBeGreaterThan(0)
})

test('a load that began before a change and lands behind it leaves no old row, however late the replica is', async () => {
  const primary = await connect(postgres().url)
  await primary.query(
    "create table people (id int primary key, name text); insert into people values (1, 'old'), (2, 'old')",
  )
  const standby = await startStandby(postgres(), { settings: logical })
  onTestFinished(() => standby.stop())
  const replica = await connect(standby.url)
  const { guard, current } = replicaReads({
    primary: (sql) => primary.query(sql),
    replica: (sql) => replica.query(sql),
    wait: '500ms',
  })
  const namespace = `people-${postgres().port}`
  let go = () => {}
  let entered = 0
  let skipped = 0
  const process = () => {
    const tiers = [memory(), redis({ url: inject('redisUrl') })]
    const cache = createCache({ namespace, tiers, ttl: '1h' })
    onTestFinished(() => cache.close())
    const load = guard(async (id: number, _context: LoadContext) => {
      entered++
      await new Promise<void>((resolve) => {
        go = resolve
      })
      return (await replica.query('select name from people where id = $1', [id])).rows[0]?.name as string
    })
    const row = cache.define({
      name: 'person',
      load: (id: number, context) =>
        load(id, {
          ...context,
          skip: () => {
            skipped++
            context.skip()
          },
        }),
      tags: (_, id) => [`people:${id}`],
    })
    return { cache, row }
  }
  const one = process()
  const other = process()
  const source = logicalReplication({ connection: postgres().url, tables: ['people'], slot: 'people' })
  const feed = changeFeed({ cache: one.cache, source })
  onTestFinished(() => feed.close())
  let applied = 0
  feed.on('applied', () => applied++)
  let gaps = 0
  feed.on('gap', () => gaps++)
  await feed.ready()
  await becomes(() => gaps, 1)
  await becomes(current, true)

  // It passes the guard, the feed tells of the change, and only then it reads the replica, which knows nothing of it yet.
  const behind = other.row(1)
  await becomes(() => entered, 1)
  await replica.query('select pg_wal_replay_pause()')
  await primary.query("update people set name = 'new' where id = 1")
  await becomes(() => applied, 1)
  go()
  expect([await behind, skipped]).toEqual(['old', 0])
  expect([one.row.peek(1), other.row.peek(1)]).toEqual([undefined, undefined])
  expect((await other.row.entry(1))?.value).toBeUndefined()

  // It lands between the commit and the feed: kept until the feed tells.
  await replica.query('select pg_wal_replay_resume()')
  await becomes(current, true)
  await feed.close()
  const before = other.row(2)
  await becomes(() => entered, 2)
  await replica.query('select pg_wal_replay_pause()')
  await primary.query("update people set name = 'new' where id = 2")
  go()
  expect([await before, other.row.peek(2), skipped]).toEqual(['old', 'old', 0])
  const again = changeFeed({
    cache: one.cache,
    source: logicalReplication({ connection: postgres().url, tables: ['people'], slot: 'people' }),
  })
  onTestFinished(() => again.close())
  await becomes(() => other.row.peek(2), undefined)
  await replica.query('select pg_wal_replay_resume()')
  for (const id of [1, 2]) {
    const last = other.row(id)
    await becomes(() => entered, id + 2)
    go()
    expect(await last).toBe('new')
  }
})

test('loads of the same moment share one question to the primary, asked after they began', async () => {
  const asked: string[] = []
  const answer = (who: string) => async (_sql: string) => {
    asked.push(who)
    return [{ position: '0/10' }]
  }
  const { current } = replicaReads({ primary: answer('primary'), replica: answer('replica') })
  expect(await Promise.all(Array.from({ length: 20 }, current))).toEqual(
    Array.from({ length: 20 }, () => true),
  )
  expect(asked.filter((who) => who === 'primary')).toHaveLength(1)
  const first = current()
  await Promise.resolve()
  await Promise.all([first, current()])
  expect(asked.filter((who) => who === 'primary').length).toBeLessThanOrEqual(3)
})
