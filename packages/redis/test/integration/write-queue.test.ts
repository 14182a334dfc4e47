import { randomUUID } from 'node:crypto'
import { createCache, systemClock } from '@tierstack/cache-core'
import type { PendingWrite, WriteQueue } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { queueContract } from '@tierstack/cache-testing'
import { startRedis, startRedisCluster, until } from '@tierstack/test-services'
import type { RedisServer } from '@tierstack/test-services'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redisWriteQueue, requiredAcl } from '../../src/index.ts'
import type { RedisQueueOptions } from '../../src/index.ts'
import { Proxy } from '../proxy.ts'

const durable = {
  args: ['--appendonly', 'yes', '--appendfsync', 'always'],
  rights: requiredAcl({ writeQueue: true }).rules,
}

let server: RedisServer

beforeAll(async () => {
  server = await startRedis(durable)
})

afterAll(() => server.stop())

const bytes = (text: string) => Buffer.from(text)
const take = (worker: string, after = '', limit = 100) => ({ worker, holdMs: 10_000, after, limit })

function openQueue(
  options: RedisQueueOptions = { url: server.url },
  namespace: string = randomUUID(),
): WriteQueue & AsyncDisposable {
  const queue = redisWriteQueue(options)
  queue.open({ namespace, clock: systemClock, warn: () => undefined })
  return Object.assign(queue, { [Symbol.asyncDispose]: () => queue.close() })
}

queueContract(() => redisWriteQueue({ url: server.url }), { test })

test('what was acknowledged survives a kill of the server', async () => {
  const own = await startRedis(durable)
  try {
    const namespace = randomUUID()
    await using queue = openQueue({ url: own.url }, namespace)
    const acknowledged: string[] = []
    const writing = (async () => {
      for (let i = 0; i < 500; i++) {
        await queue.append('t', [{ key: `k${i}`, bytes: bytes('x') }])
        acknowledged.push(`k${i}`)
      }
    })().catch(() => undefined)
    await until('some writes', async () => acknowledged.length > 100)
    await own.kill()
    await writing
    await expect(queue.append('t', [{ key: 'late', bytes: bytes('x') }])).rejects.toThrow(
      /onnect|closed|Redis/,
    )
    await own.restart()
    await until('the server', async () => (await queue.state('t').catch(() => undefined)) !== undefined)
    const pending = await queue.pending('t', acknowledged)
    expect(pending.filter((one) => one === undefined)).toHaveLength(0)
  } finally {
    await own.stop()
  }
})

test('a server that keeps nothing on disk, or may evict, is refused in one sentence; unless it may', async () => {
  const careless = await startRedis({ rights: durable.rights })
  try {
    await using queue = openQueue({ url: careless.url })
    const write = [{ key: 'a', bytes: bytes('1') }]
    await expect(queue.append('t', write)).rejects.toThrow('set `appendonly yes`')
    await using unchecked = openQueue({ url: careless.url, durability: 'unchecked' })
    await unchecked.append('t', write)
    await careless.command('CONFIG', 'SET', 'appendonly', 'yes')
    await careless.command('CONFIG', 'SET', 'maxmemory', '100mb')
    await careless.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await expect(queue.append('t', write)).rejects.toThrow('maxmemory-policy')
    await careless.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await queue.append('t', write)
  } finally {
    await careless.stop()
  }
})

test('in a Cluster, each topic lives in one slot', async () => {
  const cluster = await startRedisCluster(3, {
    rights: requiredAcl({ cluster: true, writeQueue: true }).rules,
  })
  try {
    const urls = cluster.nodes.map(({ url }) => url)
    await using queue = openQueue({ cluster: urls, durability: 'unchecked' })
    for (const topic of ['a', 'b', 'c', 'd', 'e'])
      await queue.append(topic, [{ key: topic, bytes: bytes(topic) }])
    for (const topic of ['a', 'b', 'c', 'd', 'e']) {
      expect((await queue.take(topic, take('w')))?.writes.map(({ key }) => key)).toEqual([topic])
    }
  } finally {
    await cluster.stop()
  }
})

test('a cache that writes behind refuses while Redis is down, and loses nothing that it acknowledged', async () => {
  const own = await startRedis(durable)
  const rows = new Map<number, string>()
  let failing = true
  const cache = createCache({
    namespace: randomUUID(),
    tiers: [memory()],
    writeQueue: redisWriteQueue({ url: own.url }),
  })
  try {
    const row = cache.define<number, string>({
      name: 'row',
      load: (id) => rows.get(id) ?? 'nothing',
      save: async (id, value) => {
        if (failing) throw new Error('not yet')
        rows.set(id, value)
      },
      write: 'behind',
    })
    await row.write(1, 'acknowledged')
    await own.kill()
    await expect(row.write(1, 'refused')).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    failing = false
    await own.restart()
    await until('the write to be saved', async () => rows.get(1) === 'acknowledged')
    await until('writes to be taken again', async () => {
      return await row.write(1, 'again').then(
        () => true,
        () => false,
      )
    })
    expect(await row.flush()).toBe(0)
    expect(rows.get(1)).toBe('again')
  } finally {
    await cache.close()
    await own.stop()
  }
})

test('a full server gives out what waits, so that applying it makes room', async () => {
  const full = await startRedis(durable)
  try {
    await using queue = openQueue({ url: full.url })
    const writes = Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, bytes: bytes('x'.repeat(10_000)) }))
    await queue.append('t', writes)
    // As at the first write of all: nobody holds the right to apply, and there is no memory for a new key.
    await full.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await full.command('CONFIG', 'SET', 'maxmemory', '1')
    await expect(queue.append('t', [{ key: 'late', bytes: bytes('x') }])).rejects.toThrow('OOM')
    const taken = await queue.take('t', take('w'))
    expect(taken?.writes).toHaveLength(20)
    expect(await queue.take('t', take('other'))).toBeUndefined()
    const [first, ...rest] = taken?.writes ?? []
    await queue.bury('t', [{ ...(first as PendingWrite), reason: 'refused' }])
    await queue.confirm('t', rest)
    expect(await queue.state('t')).toMatchObject({ size: 0 })
    expect(await queue.dead('t', 10)).toMatchObject([{ key: 'k0', reason: 'refused' }])
  } finally {
    await full.stop()
  }
})

test('a server that became a replica is not asked what is pending: another may have taken a write since', async () => {
  const [old, next] = [await startRedis(durable), await startRedis(durable)]
  try {
    const namespace = randomUUID()
    await using before = openQueue({ url: old.url }, namespace)
    await using after = openQueue({ url: next.url }, namespace)
    expect(await before.pending('t', ['a'])).toEqual([undefined])
    // Its master doesn't answer yet, so that what it has is old.
    await old.command('REPLICAOF', '127.0.0.1', '1')
    await after.append('t', [{ key: 'a', bytes: bytes('acknowledged') }])
    await expect(before.pending('t', ['a'])).rejects.toThrow('READONLY')
    await expect(before.state('t')).rejects.toThrow(/READONLY|onnect|closed|writeable/)
    // Where its address leads to a master again, so does the queue.
    await old.command('REPLICAOF', 'NO', 'ONE')
    await until('an answer', async () => {
      return await before.pending('t', ['a']).then(
        () => true,
        () => false,
      )
    })
  } finally {
    await old.stop()
    await next.stop()
  }
})

test('a connection that went dead without a word is replaced, and writes are taken again', async () => {
  await using proxy = await Proxy.to(server.url)
  await using queue = openQueue({ url: proxy.url })
  await queue.append('t', [{ key: 'a', bytes: bytes('1') }])
  proxy.forget('data')
  await expect(queue.append('t', [{ key: 'a', bytes: bytes('2') }])).rejects.toThrow(
    /onnect|closed|max retries/,
  )
  await until('a write to be taken', async () => {
    return await queue.append('t', [{ key: 'a', bytes: bytes('3') }]).then(
      () => true,
      () => false,
    )
  })
})
