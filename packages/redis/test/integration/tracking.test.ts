import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { structuredCodec, tierContract } from '@tierstack/cache-testing'
import { startRedis, until } from '@tierstack/test-services'
import type { RedisServer } from '@tierstack/test-services'
import { Redis as Redis6 } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { Valkey } from 'iovalkey'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { redis, requiredAcl } from '../../src/index.ts'
import type { RedisOptions } from '../../src/index.ts'
import { openTier } from '../rig.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis({ rights: requiredAcl({ bus: 'tracking' }).rules })
})

afterAll(() => server.stop())

const clients: [string, () => Promise<{ options: RedisOptions; end: () => unknown }>][] = [
  ['made by the tier', () => Promise.resolve({ options: { url: server.url }, end: () => undefined })],
  ...(
    [
      ['given of ioredis 5', () => new Redis5(server.url)],
      ['given of ioredis 6', () => new Redis6(server.url)],
      ['given of iovalkey', () => new Valkey(server.url)],
    ] as const
  ).map(([name, make]): (typeof clients)[number] => [
    name,
    () => {
      const client = make()
      return Promise.resolve({ options: { client }, end: () => client.disconnect() })
    },
  ]),
  [
    'given of node-redis',
    async () => {
      const client = createClient({ url: server.url })
      client.on('error', () => undefined)
      await client.connect()
      return { options: { client }, end: () => client.destroy() }
    },
  ],
]

const dropped = (...keys: string[]) => JSON.stringify({ kind: 'keys', keys, soft: false })

/** The name under which a key is kept. */
async function nameOf(key: string): Promise<string> {
  return `ts:shop:${await server.command('GET', 'ts:shop:epoch')}:${key}`
}

for (const [name, connect] of clients) {
  describe(`with reports of changes, a client ${name}`, () => {
    test('is told of foreign deletions, changes, expiry and flushes of what it read or stored', async () => {
      const { options, end } = await connect()
      await using opened = await openTier({ ...options, bus: 'tracking' })
      await using other = await openTier({ url: server.url })
      for (const [i, change] of [
        (key: string) => server.command('DEL', key),
        (key: string) => server.command('SET', key, 'foreign'),
        (key: string) => server.command('PEXPIRE', key, '20'),
        (key: string) => server.command('EVAL', "return redis.call('DEL', KEYS[1])", '1', key),
      ].entries()) {
        for (const how of ['stored', 'leased', 'read'] as const) {
          const key = `${how}, with a comma ${i}`
          if (how === 'stored') await opened.put(key, '1')
          else await other.put(key, '1')
          if (how === 'leased') await opened.lease(key)
          if (how === 'read') await opened.get(key)
          await opened.live()
          opened.heard.length = 0
          await change(await nameOf(key))
          await until(`${how}, change ${i}`, () => Promise.resolve(opened.heard.length > 0))
          expect(new Set(opened.heard)).toEqual(new Set([dropped(key)]))
        }
      }
      const [fence] = await opened.coherence.take(['short'], 10_000)
      const short = { key: 'short', bytes: Buffer.from('1'), expiresAt: Date.now() + 1_000 }
      const fill = opened.coherence.fill.bind(opened.coherence)
      expect(await fill([{ ...short, fence: fence ?? '' }])).toEqual(['stored'])
      opened.heard.length = 0
      await until('the end of its life', () => Promise.resolve(opened.heard.includes(dropped('short'))))
      await opened.put('k', '1')
      await opened.live()
      opened.heard.length = 0
      await server.command('FLUSHALL')
      await until('a report', () => Promise.resolve(opened.heard.length > 0))
      expect(opened.heard[0]).toBe(JSON.stringify({ kind: 'all' }))
      await end()
    })

    test('is told nothing when another process takes leases, waits, renews, stores, or reads', async () => {
      const { options, end } = await connect()
      await using opened = await openTier({ ...options, bus: 'tracking' })
      await using other = await openTier({ url: server.url })
      await opened.put('kept', '1')
      await opened.live()
      opened.heard.length = 0
      const key = `new, ${name}`
      const fence = await other.fenceFor(key)
      expect(await opened.lease(key)).toBe('busy')
      await other.coherence.renew([{ key: key, fence }], 5_000)
      expect(await other.fill(key, fence)).toBe('stored')
      expect(await other.get('kept')).toBe('1')
      expect(await other.lease('kept')).toBe('hit')
      await opened.live()
      expect(opened.heard).toEqual([`filled ${key}`])
      await end()
    })

    test('is told after the subscriber was lost, and nothing of before counts', async () => {
      const { options, end } = await connect()
      await using opened = await openTier({ ...options, bus: 'tracking' })
      await opened.put('k', '1')
      opened.heard.length = 0
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
      if (name === 'given of node-redis') await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
      await until('a gap', () => Promise.resolve(opened.heard.includes('gap')))
      await opened.join()
      await opened.live()
      await opened.get('k')
      await opened.live()
      opened.heard.length = 0
      await server.command('DEL', await nameOf('k'))
      await until('a report', () => Promise.resolve(opened.heard.length > 0))
      expect(opened.heard).toEqual([dropped('k')])
      await end()
    })
  })
}

test('a deletion by hand reaches the memory of every process', async () => {
  const caches = [0, 1].map(() => {
    const tiers = [memory(), redis({ url: server.url, bus: 'tracking' })] as const
    const cache = createCache({ namespace: 'byhand', tiers })
    return { cache, item: cache.define({ name: 'item', ttl: '1m', load: () => Promise.resolve(row) }) }
  })
  let row = 'old'
  for (const { item } of caches) {
    await until('a live bus', async () => {
      await item(undefined)
      // Past the time for which what was just read counts by itself.
      await sleep(600)
      return item.peek(undefined) === 'old'
    })
  }
  row = 'new'
  await server.command(
    'EVAL',
    "for _, k in ipairs(redis.call('KEYS', 'ts:byhand:*item*')) do redis.call('DEL', k) end return 1",
    '0',
  )
  for (const { item } of caches) {
    await until('the new row', async () => (await item(undefined)) === 'new', { limit: 200 })
    expect(item.peek(undefined)).toBe('new')
  }
  await Promise.all(caches.map(({ cache }) => cache.close()))
})

test('reports are refused with a Cluster', () => {
  const client = createCluster({ rootNodes: [{ url: server.url }] })
  const sentence = 'Expected `bus` to be \'pubsub\' with a Cluster, got `"tracking"` (string)'
  expect(() => redis({ client, bus: 'tracking' })).toThrow(sentence)
})

describe('with reports of changes', () => {
  tierContract(() => redis({ codec: structuredCodec, url: inject('redisUrl'), bus: 'tracking' }), {
    test,
    schedules: 5,
  })
})
