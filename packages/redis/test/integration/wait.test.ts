import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startRedis, startSentinel, until } from '@tierstack/test-services'
import type { SentinelSetup } from '@tierstack/test-services'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redis } from '../../src/index.ts'
import { openTier } from '../rig.ts'

let setup: SentinelSetup

beforeAll(async () => {
  // Sentinels that never act: only the primary and its replica matter here.
  setup = await startSentinel({ downAfter: 600_000 })
})

afterAll(() => setup.stop())

const wait = { replicas: 1, timeout: 30 }

/** Lets the replica stand still meanwhile. */
async function withoutReplica(work: () => Promise<void>): Promise<void> {
  await setup.replicas[0]?.pause()
  try {
    await work()
  } finally {
    await setup.replicas[0]?.resume()
  }
}

test('with `wait`, a removal is confirmed once the replica has it', async () => {
  await using opened = await openTier({ url: setup.primary.url, wait }, 'confirmed')
  await opened.put('k', '1')
  await opened.tier.delete(['k'])
  await opened.coherence.expire(['k'])
  await opened.coherence.invalidate(['t'], false)
  await opened.tier.clear()
  const epoch = await setup.primary.command('GET', 'ts:confirmed:epoch')
  expect(await setup.replicas[0]?.command('GET', 'ts:confirmed:epoch')).toBe(epoch)
})

test('with `wait`, a removal that no replica confirms is rejected, done all the same, and announced', async () => {
  await using opened = await openTier({ url: setup.primary.url, wait }, 'rejected')
  await using other = await openTier({ url: setup.primary.url }, 'rejected')
  await opened.put('k', '1')
  await withoutReplica(async () => {
    await expect(opened.tier.delete(['k'])).rejects.toThrow(
      'Expected the removal to reach 1 replica within 30 ms, it reached 0',
    )
    expect(await other.get('k')).toBeUndefined()
    const removal = JSON.stringify({ kind: 'keys', keys: ['k'], soft: false })
    await until('the announcement', () => Promise.resolve(other.heard.includes(removal)))
  })
  await until('the replica', () => opened.tier.delete(['k']).then(() => true))
  expect(opened.losses).toEqual([])
})

test('with `wait`, a server without replicas confirms no removal', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url, wait })
  await expect(opened.tier.delete(['k'])).rejects.toThrow(/it reached 0/)
  expect(await opened.lease('k')).toBe('leased')
})

test('with `wait`, the removals of a cache are queued until the replica is back, and no reader gets an old row', async () => {
  const tiers = [memory(), redis({ url: setup.primary.url, wait })] as const
  const cache = createCache({ namespace: 'queued', tiers })
  let row = 1
  const item = cache.define({ name: 'item', ttl: '1m', load: (id: number) => Promise.resolve(id * row) })
  const degraded: string[] = []
  cache.on('degraded', ({ tier }) => degraded.push(tier))
  expect(await item(1)).toBe(1)
  await cache.drain()
  await withoutReplica(async () => {
    row = 2
    expect(await item.delete(1)).toMatchObject({ queued: ['redis'], bus: 'queued' })
    expect(await item(1)).toBe(2)
    row = 3
    expect((await item.delete(1)).queued).toEqual(['redis'])
    expect(await item(1)).toBe(3)
    expect(degraded).toEqual(['redis'])
    // Only the removed key stays away from there.
    expect((await cache.health()).redis.state).toBe('up')
    expect(await item(2)).toBe(6)
    await cache.drain()
    expect(await item(2, { skip: ['memory'] })).toBe(6)
    expect(cache.stats().definitions['item']?.hits['redis']).toBe(1)
  })
  await until('a confirmed removal', async () => (await item.delete(1)).queued.length === 0)
  await cache.close()
})
