import { startPostgres } from '@tierstack/test-services'
import { describe, expect, onTestFinished, test } from 'vitest'
import { changeFeed, logicalReplication, SetupError } from '../../src/index.ts'
import type { LogicalReplicationOptions } from '../../src/index.ts'
import { becomes, connect, follow, newDatabase, server } from '../rig.ts'

const postgres = server({ wal_level: 'logical', max_replication_slots: '2' })
const cache = { changed: async () => ({ confirmed: [], queued: [], durable: [], bus: 'none' as const }) }

async function complaint(options: LogicalReplicationOptions): Promise<string> {
  const feed = changeFeed({ cache, source: logicalReplication(options) })
  onTestFinished(() => feed.close())
  const error: unknown = await feed.ready().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  await feed.close()
  expect(error).toBeInstanceOf(SetupError)
  return (error as SetupError).message
}

describe('a wrong set-up gives one sentence that names the fix', () => {
  test('`wal_level` is not `logical`', async () => {
    await using plain = await startPostgres()
    expect(await complaint({ connection: plain.url })).toBe(
      "`wal_level` is `replica`, not `logical`: run `ALTER SYSTEM SET wal_level = 'logical'` and restart PostgreSQL, or use `listenNotify` instead",
    )
  })

  test('no right to replicate', async () => {
    const url = await newDatabase(postgres())
    const admin = await connect(url)
    await admin.query('create table users (id int primary key); create role app login')
    expect(await complaint({ connection: url.replace('postgres@', 'app@') })).toBe(
      'the user "app" has no right to replicate: run `ALTER ROLE "app" REPLICATION` (on Amazon RDS: `GRANT rds_replication TO "app"`), or use `listenNotify` instead',
    )
    await admin.query('alter role app replication')
    expect(await complaint({ connection: url.replace('postgres@', 'app@') })).toMatch(
      /^the user may not set up the publication \(permission denied .*\): run `create publication "tierstack" for table only "public"."users" .*` as the owner of the tables$/,
    )
  })

  test('no primary key, another replica identity, an unlogged table, no table', async () => {
    const url = await newDatabase(postgres())
    const admin = await connect(url)
    await admin.query(`create table bare (id int);
      create table nothing (id int primary key); alter table nothing replica identity nothing;
      create table other (id int primary key, code int not null unique);
      alter table other replica identity using index other_code_key;
      create unlogged table light (id int primary key)`)
    expect(await complaint({ connection: url, tables: ['bare'] })).toBe(
      'the table `bare` has no primary key: run `ALTER TABLE "public"."bare" ADD PRIMARY KEY (…)` with the column that identifies a row',
    )
    for (const table of ['nothing', 'other'])
      expect(await complaint({ connection: url, tables: [table] })).toBe(
        `the REPLICA IDENTITY of the table \`${table}\` doesn't contain its primary key: run \`ALTER TABLE "public"."${table}" REPLICA IDENTITY DEFAULT\``,
      )
    expect(await complaint({ connection: url, tables: ['light'] })).toMatch(/is unlogged.*SET LOGGED/)
    expect(await complaint({ connection: url, tables: ['absent'] })).toMatch(/`absent` doesn't exist/)
    // None of them was published: that would make the application's updates fail.
    expect((await admin.query('select from pg_publication_tables')).rowCount).toBe(0)
    expect(await complaint({ connection: url })).toMatch(/no table with a primary key/)
  })

  test('no slot left, or one that does something else', async () => {
    const url = await newDatabase(postgres())
    const admin = await connect(url)
    await admin.query('create table users (id int primary key)')
    for (const slot of ['taken', 'other'])
      await admin.query("select pg_create_logical_replication_slot($1, 'test_decoding')", [slot])
    expect(await complaint({ connection: url })).toMatch(
      /^the server has no replication slot left .*: raise `max_replication_slots`/,
    )
    expect(await complaint({ connection: url, slot: 'taken' })).toBe(
      'the slot `taken` is used otherwise (test_decoding): give another name in `slot`',
    )
    for (const slot of ['taken', 'other']) await admin.query('select pg_drop_replication_slot($1)', [slot])
  })

  test('of all tables, unfit ones are left out with a warning, and an unlimited slot is one too', async () => {
    const url = await newDatabase(postgres())
    const admin = await connect(url)
    await admin.query('create table users (id int primary key); create table bare (id int)')
    const { feed, warnings } = follow({
      cache,
      source: logicalReplication({ connection: url, check: '100ms' }),
    })
    await feed.ready()
    await becomes(
      () => warnings.map(({ check }) => check).toSorted(),
      ['max_slot_wal_keep_size', 'primary-key'],
    )
    expect((await admin.query('update bare set id = 1')).rowCount).toBe(0)
    await feed.close()
    // The server may take a moment to notice that its client has gone.
    const active = "select active from pg_replication_slots where slot_name = 'tierstack'"
    await becomes(async () => (await admin.query(active)).rows[0].active, false)
    await admin.query("select pg_drop_replication_slot('tierstack')")
  })

  test('a slot that keeps much is a warning, again with each doubling', async () => {
    const url = await newDatabase(postgres())
    const admin = await connect(url)
    await admin.query('create table users (id int primary key)')
    let calls = 0
    const once = { changed: () => (calls++ === 0 ? cache.changed() : new Promise<never>(() => {})) }
    const source = logicalReplication({ connection: url, check: '100ms', warnAt: 65_536 })
    const { feed, warnings } = follow({ cache: once, source })
    await feed.ready()
    await admin.query('insert into users select generate_series(1, 20000)')
    const sizes = () => warnings.filter(({ check }) => check === 'slot-size').length
    await becomes(() => sizes() >= 1, true)
    const before = sizes()
    for (let i = 0; i < 3; i++) await admin.query('update users set id = -id')
    await becomes(() => sizes() > before, true)
    expect(feed.stats().lagBytes).toBeGreaterThan(65_536)
    await feed.close()
  })
})
