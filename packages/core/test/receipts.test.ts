import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import type { EdgePurge, EdgeTier } from '../src/index.ts'
import { finish, memoryNode, oneNode } from './rig.ts'

function edge(): EdgeTier<'cdn'> & { purged: EdgePurge[]; broken: boolean } {
  const purged: EdgePurge[] = []
  return {
    kind: 'edge',
    name: 'cdn',
    purged,
    broken: false,
    purge(what) {
      if (this.broken) return Promise.reject(new Error('the vendor is away'))
      purged.push(what)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}

describe('receipts', () => {
  test('name every tier that confirmed, and whether others were told', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v')
    const all = { confirmed: ['store', 'memory'], queued: [], bus: 'sent' }
    expect(await node.cache.delete('k')).toEqual(all)
    expect(await node.cache.expire('k')).toEqual(all)
    expect(await node.cache.invalidateTags(['a', 'b'])).toEqual(all)
    expect(await node.cache.deletePattern('a:*')).toEqual(all)
    expect(await node.cache.clear()).toEqual(all)
  })

  test('memory alone has no bus', async () => {
    await using node = memoryNode()
    expect(await node.cache.delete('k')).toEqual({ confirmed: ['memory'], queued: [], bus: 'none' })
  })

  test('removing nothing asks nobody', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.store.calls.length = 0
    expect(await node.cache.delete()).toMatchObject({ queued: [] })
    expect(await node.cache.invalidateTags([])).toMatchObject({ queued: [] })
    expect(node.store.calls).toEqual([])
  })

  test('duplicates are removed once, in one request', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.store.calls.length = 0
    await node.cache.delete('a', 'b', 'a')
    expect(node.store.transcript('a')).toEqual(['delete =a =b'])
  })

  test('an edge is purged last, and once it failed it is in the queue and tried again', async () => {
    const clock = fakeClock()
    const cdn = edge()
    const store = processStore({ clock, bus: inProcessBus({ clock }) })
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), store.tier(), cdn] })
    expect(await cache.delete('k')).toEqual({
      confirmed: ['store', 'memory', 'cdn'],
      queued: [],
      bus: 'sent',
    })
    cdn.broken = true
    expect(await cache.invalidateTags('t', { soft: true })).toMatchObject({ queued: ['cdn'] })
    expect((await cache.health())['cdn'].state).toBe('degraded')
    cdn.broken = false
    await clock.advance(1_000)
    expect(cdn.purged).toEqual([
      { keys: ['=k'], soft: false },
      { tags: ['t'], soft: true },
    ])
    expect(cache.stats().tiers['cdn']?.queued).toBe(0)
    await cache.clear()
    expect(cdn.purged.at(-1)).toEqual({ all: true })
    await finish(clock, cache.close())
  })

  test('strict: a rejection that names who did not confirm', async () => {
    await using node = oneNode({ invalidation: 'strict' })
    await node.clock.settle()
    node.tier.plan = { delete: 'drop' }
    await expect(node.cache.delete('k')).rejects.toMatchObject({
      code: 'REMOVAL_QUEUED',
      message:
        'Expected every tier to confirm the removal, `store` did not; it is queued and will be applied',
    })
  })

  test('strict inside deferred: all removals are made, whichever of them is queued', async () => {
    await using node = oneNode({ invalidation: 'strict' })
    await node.cache.set('k', 'v')
    await node.cache.set('l', 'v', { tags: ['t'] })
    node.tier.plan = { delete: 'drop' }
    await expect(
      node.cache.deferred(async () => {
        await node.cache.delete('k')
        await node.cache.invalidateTags('t')
      }),
    ).rejects.toMatchObject({ code: 'REMOVAL_QUEUED' })
    expect(await node.cache.getMany(['k', 'l'])).toEqual([undefined, undefined])
  })

  test('a tier that lies about success is not noticed here, but the key is gone from this process', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v')
    node.tier.plan = { delete: 'lie' }
    await node.cache.delete('k')
    expect(node.cache.peek('k')).toBeUndefined()
  })
})
