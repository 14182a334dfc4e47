import { setTimeout as sleep } from 'node:timers/promises'
import { startRedisCluster, until } from '@tierstack/test-services'
import type { RedisCluster } from '@tierstack/test-services'
import { Redis } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis5'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requiredAcl } from '../../src/index.ts'
import type { RedisOptions } from '../../src/index.ts'
import { slotOf } from '../../src/slot.ts'
import { openOnly, openTier } from '../rig.ts'
import { accessOf, rootsOf } from '../access.ts'
import { underLoad } from '../under-load.ts'

const buckets = 8
let servers: RedisCluster

beforeAll(async () => {
  servers = await startRedisCluster(3, { rights: requiredAcl({ cluster: true }).rules })
})

afterAll(() => servers.stop())

const urls = () => servers.nodes.map(({ url }) => url)

/** Moves a slot with its keys to the next node, as an operator's tool does. Returns the node that had it. */
async function move(slot: number): Promise<void> {
  const ids = await Promise.all(servers.nodes.map((node) => node.command('CLUSTER', 'MYID')))
  const counts = await Promise.all(
    servers.nodes.map(async (node) =>
      Number((await node.command('CLUSTER', 'COUNTKEYSINSLOT', String(slot))).slice(1)),
    ),
  )
  const from = counts.indexOf(Math.max(...counts))
  const to = (from + 1) % 3
  const [source, target] = [servers.nodes[from], servers.nodes[to]]
  if (!source || !target) throw new Error('no such node')
  await target.command('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', ids[from] ?? '')
  await source.command('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', ids[to] ?? '')
  const client = new Redis(source.operatorUrl)
  const { username, password } = new URL(target.operatorUrl)
  const asOperator = username === '' ? [] : ['AUTH2', username, password]
  const keys = await client.cluster('GETKEYSINSLOT', slot, 1_000)
  if (keys.length > 0)
    await client.call('MIGRATE', target.host, target.port, '', 0, 5_000, ...asOperator, 'KEYS', ...keys)
  client.disconnect()
  for (const one of [target, source, ...servers.nodes]) {
    await one.command('CLUSTER', 'SETSLOT', String(slot), 'NODE', ids[to] ?? '')
  }
}

const clients: [string, () => Promise<{ options: RedisOptions; end: () => unknown }>][] = [
  ['connected by the tier', () => Promise.resolve({ options: { cluster: urls() }, end: () => undefined })],
  [
    'through ioredis 5',
    () => {
      const client = new Cluster5(urls(), accessOf(urls()))
      return Promise.resolve({ options: { client }, end: () => client.disconnect() })
    },
  ],
  [
    'through node-redis',
    async () => {
      const client = createCluster(rootsOf(urls()))
      await client.connect()
      return { options: { client }, end: () => client.destroy() }
    },
  ],
]

for (const [name, connect] of clients) {
  describe(`a Cluster ${name}`, () => {
    test('keys of all slots are kept, read, removed and announced', async () => {
      const { options, end } = await connect()
      await using near = await openTier({ ...options, buckets }, 'all')
      await using far = await openTier({ cluster: urls(), buckets }, 'all')
      const keys = Array.from({ length: 200 }, (_, i) => `k${i}`)
      const { reads } = await near.coherence.lease(keys, 10_000, true)
      const items = reads.map((read, i) => {
        if (read.state !== 'leased') throw new Error(read.state)
        return { key: keys[i] ?? '', fence: read.fence, bytes: Buffer.from(String(i)), expiresAt: Infinity }
      })
      expect(new Set(await near.coherence.fill(items))).toEqual(new Set(['stored']))
      const frames = await far.tier.read(keys)
      expect(frames.map((frame) => frame && Buffer.from(frame.bytes).toString())).toEqual(
        keys.map((_, i) => String(i)),
      )
      near.heard.length = 0
      await far.tier.delete(keys)
      expect(await near.get('k7')).toBeUndefined()
      await until('the announcement', () => {
        const heard = new Set(near.heard.flatMap((one) => (JSON.parse(one) as { keys: string[] }).keys))
        return Promise.resolve(keys.every((key) => heard.has(key)))
      })
      await end()
    })

    test('a slot that moves to another master is greeted there, and nothing is forgotten', async () => {
      const { options, end } = await connect()
      await using opened = await openTier({ ...options, buckets }, 'moved')
      const before = await opened.join()
      await opened.put('k', '1')
      await opened.tier.delete(['removed'])
      for (let bucket = 0; bucket < 3; bucket++) await move(slotOf(`moved:${bucket}`))
      await until('a loss', () => Promise.resolve(opened.losses.length > 0))
      expect(await opened.join()).toBe(before)
      expect(await opened.get('k')).toBe('1')
      await opened.live()
      expect(opened.heard).toContain('gap')
      await using other = await openTier({ cluster: urls(), buckets }, 'moved')
      opened.heard.length = 0
      const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
      await other.tier.delete(keys)
      await until('the announcement', () => {
        const heard = new Set(opened.heard.flatMap((one) => (JSON.parse(one) as { keys: string[] }).keys))
        return Promise.resolve(keys.every((key) => heard.has(key)))
      })
      await end()
    })
  })
}

test('a process with other buckets is refused, until all have them', async () => {
  await using opened = await openTier({ cluster: urls(), buckets: 4 }, 'divided')
  await opened.put('k', '1')
  await using other = openOnly({ cluster: urls(), buckets: 5 }, 'divided')
  await expect(other.tier.hello()).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message:
      'Expected `buckets` to be 4, as it is for the processes that use the namespace already (delete the key `ts:{divided:0}:epoch` to change it for all), got `5` (number)',
  })
  expect(await opened.get('k')).toBe('1')
  expect(opened.losses).toEqual([])
  const client = new Cluster5(urls(), accessOf(urls()))
  await client.del('ts:{divided:0}:epoch')
  client.disconnect()
  await other.join()
  await until('a loss', () => Promise.resolve(opened.losses.length > 0))
  await expect(opened.tier.hello()).rejects.toThrow('Expected `buckets` to be 5')
  await other.put('k', '2')
  await other.live()
})

test('slots that move under load give no reader an old row', async () => {
  const { stale, reads } = await underLoad({ cluster: urls(), buckets }, 'resharded', async () => {
    for (let bucket = 0; bucket < buckets; bucket++) await move(slotOf(`resharded:${bucket}`))
    await sleep(1_000)
  })
  expect(stale).toEqual([])
  expect(reads).toBeGreaterThan(200)
})

test('a master that restarts empty is another history for everybody', async () => {
  await using near = await openTier({ cluster: urls(), buckets }, 'restart')
  await using far = await openTier({ cluster: urls(), buckets }, 'restart')
  const before = await near.join()
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
  for (const key of keys) await near.put(key, '1')
  await servers.nodes[1]?.restart()
  await until('the losses', () => Promise.resolve(near.losses.length > 0 && far.losses.length > 0))
  expect(await near.join()).not.toBe(before)
  await far.join()
  expect((await near.tier.read(keys)).filter((frame) => frame !== undefined)).toEqual([])
  await near.put('k1', '2')
  expect(await far.get('k1')).toBe('2')
  await near.live()
  await far.live()
})
