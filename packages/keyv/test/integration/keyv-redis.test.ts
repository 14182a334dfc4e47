import KeyvRedis from '@keyv/redis'
import { createCache, systemClock } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { eventTranscript } from '@tierstack/cache-testing'
import { startRedis, until } from '@tierstack/test-services'
import { Keyv } from 'keyv'
import { expect, inject, onTestFinished, test } from 'vitest'
import { keyvTier } from '../../src/index.ts'

/** An adapter that fails at once when Redis is away, as the read-me advises. */
function adapter(url: string) {
  const store = new KeyvRedis<string>({ url, disableOfflineQueue: true })
  onTestFinished(() => store.disconnect(true).catch(() => undefined))
  return store
}

test('a second process finds in Redis what the first one loaded', async () => {
  const namespace = `keyv-${crypto.randomUUID()}`
  const build = () =>
    createCache({
      namespace,
      tiers: [memory(), keyvTier(adapter(inject('redisUrl')))],
      ttl: '1m',
      timeouts: { tier: '10s' },
    })
  const [first, second] = [build(), build()]
  await first.getOrSet('k', () => ({ when: new Date(0), big: 1n }))
  await first.drain()
  const events = eventTranscript(second, ['hit', 'miss'])
  expect(await second.get('k')).toEqual({ when: new Date(0), big: 1n })
  expect(events.take()).toEqual(['hit keyv fresh'])
  expect(second.peek('k')).toEqual({ when: new Date(0), big: 1n })
  await first.close()
  await second.close()
})

test('clear reaches every process and leaves foreign keys of the same Redis alone', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const store = adapter(redis.url)
  const foreign = new Keyv({ store: adapter(redis.url), namespace: 'foreign' })
  await foreign.set('k', 'kept')
  await redis.command('SET', 'plain', 'kept')
  const build = () => createCache({ namespace: 'shop', tiers: [keyvTier(store)], ttl: '1m' })
  const [first, second] = [build(), build()]
  await first.has('k')
  await first.set('k', 1)
  expect(await second.get('k')).toBe(1)
  await second.clear()
  expect(await first.get('k')).toBeUndefined()
  expect(await foreign.get('k')).toBe('kept')
  expect(await store.get('plain')).toBe('kept')
  await first.close()
  await second.close()
})

test('with Redis away readers get the loader, and a removal is queued until it is back', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const cache = createCache({ namespace: 'shop', tiers: [keyvTier(adapter(redis.url))], ttl: '1m' })
  await cache.has('k')
  await cache.set('k', 'old')
  expect(await cache.get('k')).toBe('old')
  await redis.kill()
  expect(await cache.getOrSet('other', () => 'loaded')).toBe('loaded')
  const receipt = await cache.delete('k')
  expect(receipt.queued).toEqual(['keyv'])
  await redis.restart()
  await until('the tier is back', async () => (await cache.health()).keyv.state === 'up')
  expect(await cache.get('k')).toBeUndefined()
  await cache.close()
})

test('a removal that Keyv swallows is not taken for done', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const keyv = new Keyv({ store: adapter(redis.url) })
  const tier = keyvTier(keyv)
  const lost: unknown[] = []
  tier.open({
    namespace: 'shop',
    clock: systemClock,
    lost: (error) => lost.push(error),
    warn: () => undefined,
  })
  await tier.hello()
  await redis.kill()
  await until('the connection is gone', () => Promise.resolve(lost.length > 0))
  expect(await keyv.delete('k')).toBe(false)
  await expect(tier.delete(['k'])).rejects.toThrow('reported an error')
  await expect(tier.hello()).rejects.toThrow(/reported an error|refused a write/)
  await tier.close()
})
