import { randomUUID } from 'node:crypto'
import { createCache, systemClock } from '@tierstack/cache-core'
import type { WriteQueue } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { until } from '@tierstack/test-services'
import { queueContract } from '@tierstack/cache-testing'
import { Pool } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { postgresWriteQueue, writeQueueSql } from '../../src/index.ts'
import { connect, newDatabase, server } from '../rig.ts'

const postgres = server({})
const bytes = (text: string) => Buffer.from(text)

function poolOf(url: string): Pool {
  const pool = new Pool({ connectionString: url, max: 4 })
  pool.on('error', () => {})
  return pool
}

function open(client: Pool, namespace: string = randomUUID()): WriteQueue {
  const queue = postgresWriteQueue({ client })
  queue.open({ namespace, clock: systemClock, warn: () => undefined })
  return queue
}

describe('the write queue', () => {
  let pool: Pool | undefined
  queueContract(() => postgresWriteQueue({ client: (pool ??= poolOf(postgres().url)) }), { test })
})

test('writers of the same keys, in any order, end with the last one and never block each other for good', async () => {
  const pool = poolOf(await newDatabase(postgres()))
  onTestFinished(() => pool.end())
  const queue = open(pool)
  const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
  await Promise.all(
    Array.from({ length: 40 }, (_, round) =>
      queue.append(
        't',
        (round % 2 ? keys : keys.toReversed()).map((key) => ({ key, bytes: bytes(String(round)) })),
      ),
    ),
  )
  const taken = await queue.take('t', { worker: 'w', holdMs: 10_000, after: '', limit: 100 })
  expect(taken?.writes.map(({ key }) => key).toSorted()).toEqual(keys.toSorted())
  expect((await queue.state('t')).size).toBe(keys.length)
})

test('a write that waited for the row of another key is numbered after what came and went meanwhile', async () => {
  const url = await newDatabase(postgres())
  const pool = poolOf(url)
  onTestFinished(() => pool.end())
  const queue = open(pool)
  const tokenOf = async (key: string) => {
    const taken = await queue.take('t', { worker: 'w', holdMs: 60_000, after: '', limit: 10 })
    return taken?.writes.find((one) => one.key === key)
  }
  await queue.append('t', [{ key: 'a', bytes: bytes('0') }])
  const other = await connect(url)
  await other.query('begin')
  await other.query("select from tierstack.write_queue where key = 'a' for update")
  const late = queue.append('t', [
    { key: 'a', bytes: bytes('late') },
    { key: 'b', bytes: bytes('late') },
  ])
  await until('the wait for the row', async () => {
    const { rows } = await pool.query("select from pg_stat_activity where wait_event_type = 'Lock'")
    return rows.length > 0
  })
  await queue.append('t', [{ key: 'b', bytes: bytes('early') }])
  const early = await tokenOf('b')
  if (early === undefined) throw new Error('the early write')
  await queue.confirm('t', [early])
  await other.query('commit')
  await late
  const pending = await tokenOf('b')
  expect(pending?.bytes.toString()).toBe('late')
  expect(Number(pending?.token)).toBeGreaterThan(Number(early.token))
})

test('what was acknowledged survives a kill of the server, and the queue goes on', async () => {
  const pool = poolOf(postgres().url)
  onTestFinished(() => pool.end())
  const namespace = randomUUID()
  const queue = open(pool, namespace)
  const acknowledged: string[] = []
  const writing = (async () => {
    for (let i = 0; ; i++) {
      await queue.append('t', [{ key: `k${i}`, bytes: bytes('x') }])
      acknowledged.push(`k${i}`)
    }
  })().catch(() => undefined)
  await until('some writes', async () => acknowledged.length > 100)
  await postgres().kill()
  await writing
  await expect(queue.append('t', [{ key: 'late', bytes: bytes('x') }])).rejects.toThrow(
    /ECONN|terminated|shut/,
  )
  await postgres().restart()
  const pending = await queue.pending('t', acknowledged)
  expect(pending.filter((one) => one === undefined)).toEqual([])
})

test('a user who may not make the tables, and a server that may lose commits, are refused in one sentence', async () => {
  const url = await newDatabase(postgres())
  const admin = await connect(url)
  await admin.query('create role writer login')
  const own = new URL(url)
  own.username = 'writer'
  const pool = poolOf(own.href)
  onTestFinished(() => pool.end())
  const queue = open(pool)
  const write = [{ key: 'a', bytes: bytes('1') }]
  await expect(queue.append('t', write)).rejects.toThrow(
    'let the owner of the database run `writeQueueSql()`',
  )
  await admin.query(writeQueueSql())
  await admin.query(
    'grant usage on schema tierstack to writer; grant all on all tables in schema tierstack to writer; grant usage on all sequences in schema tierstack to writer',
  )
  await queue.append('t', write)
  expect((await queue.state('t')).size).toBe(1)

  await admin.query('alter role writer set synchronous_commit = off')
  const careless = poolOf(own.href)
  onTestFinished(() => careless.end())
  await expect(open(careless).append('t', write)).rejects.toThrow('`synchronous_commit` to be on')
})

test('a cache that writes behind keeps what PostgreSQL acknowledged, and a dead letter is saved when it is tried again', async () => {
  const pool = poolOf(await newDatabase(postgres()))
  onTestFinished(() => pool.end())
  const rows = new Map<number, string>()
  let refused = true
  await using cache = createCache({
    namespace: 'shop',
    tiers: [memory()],
    writeQueue: postgresWriteQueue({ client: pool }),
  })
  const row = cache.define<number, string>({
    name: 'row',
    load: (id) => rows.get(id) ?? 'nothing',
    save: async (id, value) => {
      if (refused && id === 1) throw new Error('no such column')
      rows.set(id, value)
    },
    write: 'behind',
    behind: { attempts: 2, backoff: 5 },
  })
  await row.write(1, 'one')
  expect(await row(1)).toBe('one')
  for (let id = 2; (await row.deadLetters()).length === 0; id++) await row.write(id, 'other')
  const [letter] = await row.deadLetters()
  expect(letter).toMatchObject({ input: 1, value: 'one', reason: 'Error: no such column' })
  await until('the row of before', async () => (await row(1)) === 'nothing')
  refused = false
  await row.retry(letter?.token ?? '')
  expect(await row(1)).toBe('one')
  expect(await row.flush()).toBe(0)
  expect(rows.get(1)).toBe('one')
})
