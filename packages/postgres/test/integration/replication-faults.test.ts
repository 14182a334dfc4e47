import { createCache } from '@tierstack/cache-core'
import type { Cache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { startRedis } from '@tierstack/test-services'
import type { Client } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { logicalReplication } from '../../src/index.ts'
import type { LogicalReplicationOptions } from '../../src/index.ts'
import { resolveReplication } from '../../src/replication-options.ts'
import { ensurePublication } from '../../src/replication-setup.ts'
import { findTables } from '../../src/tables.ts'
import type { Ask } from '../../src/tables.ts'
import { becomes, connect, follow, logical, newDatabase, reader, server } from '../rig.ts'

const postgres = server({
  ...logical,
  max_replication_slots: '20',
  max_slot_wal_keep_size: '32MB',
  min_wal_size: '32MB',
  max_wal_size: '32MB',
})

interface Place {
  readonly url: string
  readonly slot: string
  readonly writer: Client
  readonly source: (more?: Partial<LogicalReplicationOptions>) => ReturnType<typeof logicalReplication>
}

async function place(): Promise<Place> {
  const url = await newDatabase(postgres())
  const writer = await connect(url)
  await writer.query(
    "create table users (id int primary key, name text); insert into users select i, 'old' from generate_series(1, 100) i",
  )
  const slot = url.split('/').at(-1) as string
  return {
    url,
    slot,
    writer,
    source: (more) =>
      logicalReplication({ connection: url, slot, silence: '2s', takeOver: '50ms', check: '200ms', ...more }),
  }
}

const confirmed = async (client: Client, slot: string): Promise<string> => {
  const { rows } = await client.query(
    'select confirmed_flush_lsn::text as at from pg_replication_slots where slot_name = $1',
    [slot],
  )
  return String(rows[0]?.at)
}

describe('nothing is missed', () => {
  test('what was committed while nobody followed is applied when somebody does again', async () => {
    const { url, writer, source } = await place()
    const seen = reader(await connect(url))
    const first = follow({ cache: seen.cache, source: source() })
    await first.feed.ready()
    await becomes(() => first.gaps.length, 1)
    await first.feed.close()
    expect(await seen.row(1)).toBe('old')
    await writer.query("update users set name = 'new' where id = 1")
    expect(await seen.row(1)).toBe('old')
    const second = follow({ cache: seen.cache, source: source() })
    await second.feed.ready()
    await becomes(() => seen.row(1), 'new')
    expect(second.gaps).toEqual([])
  })

  test('a killed connection is opened again, and loses nothing', async () => {
    const { url, writer, slot, source } = await place()
    const seen = reader(await connect(url))
    const { feed, gaps, states } = follow({ cache: seen.cache, source: source() })
    await feed.ready()
    await becomes(() => gaps.length, 1)
    for (let i = 1; i <= 3; i++) {
      expect(await seen.row(i)).toBe('old')
      await writer.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name = $1',
        ['tierstack'],
      )
      await writer.query("update users set name = 'new' where id = $1", [i])
      await becomes(() => seen.row(i), 'new')
    }
    expect(gaps.length).toBe(1)
    expect(states).toContain('down')
    expect(await confirmed(writer, slot)).not.toBe('undefined')
  })

  test('of two, one stands by and takes over when the other ends', async () => {
    const { url, writer, source } = await place()
    const seen = reader(await connect(url))
    const holder = follow({ cache: seen.cache, source: source() })
    await becomes(() => holder.feed.stats().state, 'following')
    const other = follow({ cache: seen.cache, source: source() })
    await other.feed.ready()
    expect(other.feed.stats().state).toBe('standby')
    await becomes(() => holder.gaps.length, 1)
    expect(await seen.row(1)).toBe('old')
    await holder.feed.close()
    await writer.query("update users set name = 'new' where id = 1")
    await becomes(() => seen.row(1), 'new')
    expect(other.feed.stats().state).toBe('following')
    expect(other.gaps).toEqual([])
  })

  test('a position is kept until the shared tier has confirmed the removals', async () => {
    const { url, writer, slot, source } = await place()
    const store = await startRedis()
    onTestFinished(() => store.stop())
    const cache = createCache({
      namespace: 'test',
      tiers: [memory(), redis({ url: store.url })],
      timeouts: { removal: 200 },
    })
    onTestFinished(() => cache.close())
    const seen = reader(await connect(url), cache as unknown as Cache)
    const { feed, gaps } = follow({ cache: seen.cache, source: source() })
    await feed.ready()
    await becomes(() => gaps.length, 1)
    await becomes(() => feed.stats().lagMs, 0)
    expect(await seen.row(1)).toBe('old')
    await store.pause()
    const { rows } = await writer.query(
      "update users set name = 'new' where id = 1 returning pg_current_wal_lsn()::text as at",
    )
    await becomes(() => feed.stats().changes, 1)
    // Here it is gone at once: this process knows.
    expect(await seen.row(1)).toBe('new')
    await becomes(() => feed.stats().lagMs > 1_500, true)
    const at = rows[0].at as string
    const passed = async () =>
      (await writer.query('select $1::pg_lsn > $2::pg_lsn as passed', [await confirmed(writer, slot), at]))
        .rows[0].passed as boolean
    expect(await passed()).toBe(false)
    await store.resume()
    await becomes(passed, true)
    await becomes(() => feed.stats().lagMs, 0)
    expect(await seen.row(1)).toBe('new')
  })

  test('a transaction that waits for a synchronous standby is not applied before readers see it', async () => {
    const { url, writer, source } = await place()
    const seen = reader(await connect(url))
    const { feed, gaps } = follow({ cache: seen.cache, source: source() })
    await feed.ready()
    await becomes(() => gaps.length, 1)
    const admin = await connect(url)
    await admin.query("alter system set synchronous_standby_names = 'nobody'")
    await admin.query('select pg_reload_conf()')
    onTestFinished(async () => {
      const last = await connect(url)
      await last.query('alter system reset synchronous_standby_names')
      await last.query('select pg_reload_conf()')
    })
    const waits = async (text: string): Promise<boolean> =>
      (
        await admin.query(
          "select from pg_stat_activity where wait_event = 'SyncRep' and starts_with(query, $1)",
          [text],
        )
      ).rowCount !== 0
    // The checkpointer lets commits wait when it gets to it, whatever `show` says before: a commit tells.
    const another = await connect(url)
    await becomes(async () => {
      if (await waits('select pg_logical_emit_message')) return true
      void another.query("select pg_logical_emit_message(true, 'test', '')").catch(() => {})
      return false
    }, true)
    const update = writer.query("update users set name = 'new' where id = 1")
    await becomes(() => waits('update users'), true)
    expect([await seen.row(1), feed.stats().changes]).toEqual(['old', 0])
    await admin.query('alter system reset synchronous_standby_names')
    await admin.query('select pg_reload_conf()')
    await update
    await becomes(() => seen.row(1), 'new')
  })
})

describe('what was missed is not trusted', () => {
  test('a slot that was dropped is made anew, and the cache cleared', async () => {
    const { url, writer, slot, source } = await place()
    const seen = reader(await connect(url))
    const first = follow({ cache: seen.cache, source: source() })
    await first.feed.ready()
    await becomes(() => first.gaps.length, 1)
    await first.feed.close()
    expect(await seen.row(1)).toBe('old')
    await writer.query('select pg_drop_replication_slot($1)', [slot])
    await writer.query("update users set name = 'new' where id = 1")
    const second = follow({ cache: seen.cache, source: source() })
    await second.feed.ready()
    await becomes(() => seen.row(1), 'new')
    expect(second.gaps).toHaveLength(1)
  })

  test('a slot whose log was removed is made anew, and the cache cleared', async () => {
    const { url, writer, slot, source } = await place()
    const seen = reader(await connect(url))
    const first = follow({ cache: seen.cache, source: source() })
    await first.feed.ready()
    await becomes(() => first.gaps.length, 1)
    await first.feed.close()
    expect(await seen.row(1)).toBe('old')
    await writer.query("update users set name = 'new' where id = 1")
    for (let i = 0; i < 8; i++) await writer.query('select pg_switch_wal(), txid_current()')
    await writer.query('checkpoint')
    const status = async () =>
      (await writer.query('select wal_status from pg_replication_slots where slot_name = $1', [slot])).rows[0]
        .wal_status
    expect(await status()).toBe('lost')
    const second = follow({ cache: seen.cache, source: source() })
    await second.feed.ready()
    await becomes(() => seen.row(1), 'new')
    expect(second.gaps).toHaveLength(1)
    expect(await status()).toBe('reserved')
  })

  test('a publication that was dropped or lost a table is completed, and the cache cleared', async () => {
    const { url, writer, source } = await place()
    const seen = reader(await connect(url))
    const { feed, gaps } = follow({ cache: seen.cache, source: source() })
    await feed.ready()
    await becomes(() => gaps.length, 1)
    await writer.query('alter publication tierstack drop table users')
    await becomes(() => gaps.length > 1, true)
    const before = gaps.length
    await writer.query('drop publication tierstack')
    await writer.query("update users set name = 'new'")
    await becomes(() => gaps.length > before, true)
    await becomes(() => seen.row(1), 'new')
    await writer.query("update users set name = 'newer'")
    await becomes(() => seen.row(1), 'newer')
    // A gap alone may have shown it, between two attempts to follow.
    await becomes(() => feed.stats().state, 'following')
    expect(gaps.length).toBeGreaterThan(before)
  })

  test('of several processes that make the publication at once, one tells of its tables', async () => {
    const { url } = await place()
    const asks = await Promise.all(
      Array.from({ length: 4 }, async (): Promise<Ask> => {
        const client = await connect(url)
        return async (text, values) => (await client.query(text, [...(values ?? [])])).rows
      }),
    )
    const tables = await findTables(asks[0] as Ask, ['users'], { warn: () => {} })
    const options = resolveReplication({ connection: url })
    const added = await Promise.all(asks.map((ask) => ensurePublication(ask, options, tables)))
    expect(added.flat().map(({ table }) => table)).toEqual(['users'])
  })

  test('a table that a process adds which stands by is cleared at once', async () => {
    const { url, writer, source } = await place()
    await writer.query('create table orders (id int primary key)')
    const seen = reader(await connect(url))
    const first = follow({ cache: seen.cache, source: source({ tables: ['users'] }) })
    await first.feed.ready()
    const second = follow({ cache: seen.cache, source: source({ tables: ['users', 'orders'] }) })
    await second.feed.ready()
    expect(second.feed.stats().state).toBe('standby')
    expect(second.gaps).toEqual(['the publication lacked orders'])
  })

  test('a process with a slot of its own takes each lost connection for a gap', async () => {
    const { url, writer, source } = await place()
    const seen = reader(await connect(url))
    const { feed, gaps } = follow({ cache: seen.cache, source: source({ perProcess: true }) })
    await feed.ready()
    await becomes(() => gaps.length, 1)
    expect(await seen.row(1)).toBe('old')
    await writer.query(
      'select pg_terminate_backend(active_pid) from pg_replication_slots where database = current_database()',
    )
    await writer.query("update users set name = 'new' where id = 1")
    await becomes(() => seen.row(1), 'new')
    expect(gaps.length).toBe(2)
    await feed.close()
    await becomes(
      async () =>
        (await writer.query('select from pg_replication_slots where database = current_database()')).rowCount,
      0,
    )
  })
})

test('a killed server loses no committed change', async () => {
  const { url, source } = await place()
  const writer = await connect(url)
  // The server does not sync its files here, but it does write them: a crash of the process alone loses nothing.
  const again = {
    query: async (...given: Parameters<Client['query']>) => (await connect(url)).query(...given),
  }
  const seen = reader(again as unknown as Client)
  const { feed, gaps } = follow({ cache: seen.cache, source: source() })
  await feed.ready()
  await becomes(() => gaps.length, 1)
  for (const id of [1, 2, 3]) expect(await seen.row(id)).toBe('old')
  await writer.query("update users set name = 'new' where id <= 2")
  await postgres().kill()
  await postgres().restart()
  await (await connect(url)).query("update users set name = 'new' where id = 3")
  for (const id of [1, 2, 3]) await becomes(() => seen.row(id), 'new')
  expect(gaps.length).toBe(1)
})

test('a killed server, which has forgotten what was confirmed, sends only what is new', async () => {
  const { url, writer, source } = await place()
  const { feed, gaps } = follow({ cache: reader(writer).cache, source: source() })
  let applied = 0
  feed.on('applied', ({ changes }) => {
    applied += changes
  })
  await feed.ready()
  await becomes(() => gaps.length, 1)
  for (let i = 0; i < 20; i++) await writer.query('update users set name = $1', [`new ${i}`])
  await becomes(() => applied, 2_000)
  await becomes(() => feed.stats().lagBytes, 0)
  await postgres().kill()
  await postgres().restart()
  await (await connect(url)).query("update users set name = 'last' where id = 3")
  await becomes(() => applied > 2_000, true)
  expect(applied).toBe(2_001)
  expect(gaps).toHaveLength(1)
})
