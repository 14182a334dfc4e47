import { randomUUID } from 'node:crypto'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { until } from '@tierstack/test-services'
import { expect, inject, test } from 'vitest'
import { redis } from '../../src/index.ts'

function setUp() {
  const namespace = `two-${randomUUID().slice(0, 8)}`
  const row = { value: 'old', loads: 0 }
  const caches = [0, 1].map(() => {
    const cache = createCache({
      namespace,
      tiers: [memory(), redis({ url: inject('redisUrl') })],
      // What is shown is who loads, not how quick this machine is: a lease that isn't answered in time is a miss.
      timeouts: { tier: '5s' },
    })
    const load = async (id: number) => {
      row.loads++
      const { value } = row
      await new Promise((resolve) => void setTimeout(resolve, 20))
      return `${id} ${value}`
    }
    return { cache, item: cache.define({ name: 'item', ttl: '1m', load, tags: () => ['items'] }) }
  })
  const [near, far] = caches
  if (!near || !far) throw new Error('two caches')
  return { near, far, row, close: () => Promise.all(caches.map(({ cache }) => cache.close())) }
}

test('a hundred callers in two processes cause one load', async () => {
  const { near, far, row, close } = setUp()
  const calls = Array.from({ length: 100 }, (_, i) => (i % 2 ? near : far).item(1))
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['1 old']))
  expect(row.loads).toBe(1)
  await close()
})

test('what one process removes, the other reads anew, from its memory too', async () => {
  const { near, far, row, close } = setUp()
  await near.item(1)
  await near.cache.drain()
  for (const remove of [
    () => near.item.delete(1),
    () => near.cache.invalidateTags('items'),
    () => near.cache.clear(),
  ]) {
    row.value = 'old'
    await near.item.delete(1)
    await until('the old row', async () => (await far.item(1)) === '1 old')
    await far.cache.drain()
    row.value = 'new'
    await remove()
    expect(await near.item(1)).toBe('1 new')
    await until('the new row', async () => (await far.item(1)) === '1 new', { limit: 1_000 })
  }
  await close()
})
