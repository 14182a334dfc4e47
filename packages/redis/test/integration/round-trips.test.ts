import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { until } from '@tierstack/test-services'
import { expect, inject, test } from 'vitest'
import { redis } from '../../src/index.ts'
import { Proxy } from '../proxy.ts'
import { openTier } from '../rig.ts'

// No heartbeat during a count.
const quiet = { heartbeat: '1m', silence: '3m' } as const

function costOf(proxy: Proxy) {
  return async (work: () => Promise<unknown>) => {
    const before = proxy.turns
    await work()
    return proxy.turns - before
  }
}

test('a hit costs one round trip, a miss and its fill two, a removal one', async () => {
  await using proxy = await Proxy.to(inject('redisUrl'))
  await using opened = await openTier({ ...quiet, url: proxy.url }, 'turns')
  const cost = costOf(proxy)
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
  await opened.put('k', '1')
  expect(await cost(() => opened.lease('k'))).toBe(1)
  expect(await cost(() => opened.coherence.lease(['k'], 1_000, true))).toBe(1)
  expect(await cost(() => opened.tier.read(keys))).toBe(1)
  expect(await cost(() => opened.coherence.lease(keys, 1_000, true))).toBe(1)
  expect(await cost(async () => opened.fill('miss', await opened.fenceFor('miss')))).toBe(2)
  expect(await cost(() => opened.tier.delete(['k']))).toBe(1)
  expect(await cost(() => opened.coherence.invalidate(['t'], false))).toBe(1)
  expect(await cost(() => opened.tier.clear())).toBe(1)
})

/** Waits until what is read stays in memory. */
async function live(item: { (id: number): Promise<unknown>; peek(id: number): unknown }): Promise<void> {
  await until('a live bus', async () => {
    await item(0)
    // Past the time for which what was just read counts by itself.
    await sleep(600)
    return item.peek(0) !== undefined
  })
}

for (const tags of [[], ['group']]) {
  test(`through the whole chain, with ${tags.length} tags, each call costs what its tier's verbs cost`, async () => {
    await using proxy = await Proxy.to(inject('redisUrl'))
    const cost = costOf(proxy)
    const namespace = `chain-${tags.length}`
    const [counted, other] = [proxy.url, inject('redisUrl')].map((url) => {
      const cache = createCache({ namespace, tiers: [memory(), redis({ ...quiet, url })] })
      const load = (id: number) => Promise.resolve({ id })
      const drained = async (work: Promise<unknown>) => {
        await work
        await cache.drain()
      }
      return { cache, drained, item: cache.define({ name: 'item', ttl: '1m', load, tags: () => tags }) }
    })
    if (!counted || !other) throw new Error('two caches')
    const ids = Array.from({ length: 100 }, (_, i) => 1_000 + i)
    await other.cache.clear()
    // The first entry with a tag makes the tag's generation, which stays in the book while the bus vouches for it.
    for (const { item } of [counted, other]) await live(item)
    await other.drained(Promise.all([other.item(1), other.item.many(ids)]))

    expect(await cost(() => counted.drained(counted.item(1)))).toBe(1)
    expect(await cost(() => counted.drained(counted.item(1)))).toBe(0)
    expect(await cost(() => counted.drained(counted.item(2)))).toBe(2)
    expect(await cost(() => counted.drained(counted.item.many(ids)))).toBe(1)
    expect(await cost(() => counted.item.delete(1))).toBe(1)
    expect(await cost(() => counted.item.expire(2))).toBe(1)
    expect(await cost(() => counted.cache.invalidateTags('group'))).toBe(1)
    expect(await cost(() => counted.cache.clear())).toBe(1)
    await Promise.all([counted.cache.close(), other.cache.close()])
  })
}

test('who sees that another loads an invalid entry anew waits for it, without asking for the claim', async () => {
  await using proxy = await Proxy.to(inject('redisUrl'))
  const cost = costOf(proxy)
  const loads: string[] = []
  let open = Promise.withResolvers<void>()
  open.resolve()
  const [counted, other] = [proxy.url, inject('redisUrl')].map((url, i) => {
    const cache = createCache({ namespace: 'claimed', tiers: [memory(), redis({ ...quiet, url })] })
    const load = async (id: number) => {
      loads.push(['counted', 'other'][i] as string)
      await open.promise
      return { id, at: loads.length }
    }
    return { cache, item: cache.define({ name: 'item', ttl: '1m', load, tags: () => ['group'] }) }
  })
  if (!counted || !other) throw new Error('two caches')
  await other.cache.clear()
  for (const { item } of [counted, other]) await live(item)
  await other.item(1)
  await other.cache.drain()
  await other.cache.invalidateTags('group')
  await until('the removal', () => Promise.resolve(counted.item.peek(0) === undefined))
  open = Promise.withResolvers()
  loads.length = 0
  const anew = other.item(1)
  await until('the load', () => Promise.resolve(loads.length > 0))

  let read: Promise<unknown> = Promise.resolve()
  const begin = async () => {
    read = counted.item(1)
    await sleep(100)
  }
  const end = async () => {
    open.resolve()
    await read
  }
  // Its entry and its tag.
  expect(await cost(begin)).toBe(2)
  expect(await cost(end)).toBe(1)
  expect(await read).toEqual(await anew)
  expect(loads).toEqual(['other'])
  await Promise.all([counted.cache.close(), other.cache.close()])
})
