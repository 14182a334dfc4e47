import { describe, expect, test } from 'vitest'
import { finish, memoryNode, oneNode, outcome, Source } from './rig.ts'

describe('soft timeout', () => {
  test('a slow load is answered with the stale value, and goes on behind', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 60_000, timeouts: { soft: 200 } })
    await node.cache.set('k', 'v1')
    await node.clock.advance(2_000)
    const source = new Source([['k', 'v2']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.advance(199)
    expect(await outcome(read, node.clock)).toBe('pending')
    await node.clock.advance(1)
    expect(await read).toBe('v1')
    source.release()
    await node.cache.drain()
    expect(await node.cache.get('k')).toBe('v2')
  })

  test('with nothing stale it has no effect', async () => {
    await using node = memoryNode({ timeouts: { soft: 200 } })
    const source = new Source([['k', 'v']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.advance(1_000)
    expect(await outcome(read, node.clock)).toBe('pending')
    source.release()
    expect(await read).toBe('v')
  })

  test('nor after a removal: whoever removed the key knows that the value is wrong', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 60_000, timeouts: { soft: 200 } })
    await node.cache.set('k', 'v1')
    await node.clock.advance(2_000)
    const source = new Source([['k', 'v2']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.settle()
    await node.cache.delete('k')
    await node.clock.advance(500)
    expect(await outcome(read, node.clock)).toBe('pending')
    source.release()
    expect(await read).toBe('v2')
  })
})

describe('hard timeout', () => {
  test('a load that is too slow rejects all who wait, with one sentence', async () => {
    await using node = memoryNode({ timeouts: { hard: '1s' } })
    const cached = node.cache.define({ name: 'slow', load: () => new Promise<string>(() => {}) })
    const results = Promise.allSettled([cached(1), cached(1)])
    await node.clock.advance(1_000)
    for (const result of await results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'LOAD_TIMEOUT',
          message: 'Expected the loader of `slow` to answer within 1000 ms (`timeouts.hard`)',
        },
      })
    }
  })

  test('stale within staleIfError instead, where there is one', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 60_000, timeouts: { hard: 500 } })
    await node.cache.set('k', 'v1')
    await node.clock.advance(1_000)
    const read = node.cache.getOrSet('k', () => new Promise(() => {}))
    await node.clock.advance(500)
    expect(await read).toBe('v1')
  })

  test('a result that comes too late is not stored', async () => {
    await using node = oneNode({ timeouts: { hard: 500 }, errorTtl: 0 })
    const source = new Source([['k', 'late']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    await expect(finish(node.clock, read)).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    source.release()
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('its place in the bulkhead is free again once the loader ends, not before', async () => {
    await using node = memoryNode({ timeouts: { hard: 500 }, bulkhead: { concurrentLoads: 1, queue: 0 } })
    const source = new Source([['k', 1]]).hold()
    await expect(
      finish(
        node.clock,
        node.cache.getOrSet('k', () => source.load('k')),
      ),
    ).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    await expect(node.cache.getOrSet('l', () => 2)).rejects.toMatchObject({ code: 'OVERLOADED' })
    source.release()
    await node.clock.settle()
    expect(await node.cache.getOrSet('m', () => 3)).toBe(3)
  })

  test('Infinity waits for ever', async () => {
    await using node = memoryNode({ timeouts: { hard: Infinity } })
    const source = new Source([['k', 'v']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.advance(86_400_000)
    source.release()
    expect(await read).toBe('v')
  })
})

describe('tier deadline', () => {
  test('a slow tier is a miss', async () => {
    await using node = oneNode({ timeouts: { tier: 50 } })
    await node.cache.set('k', 'far')
    node.near.clear()
    node.tier.plan = (verb) => (verb === 'lease' ? { delayAnswer: 51 } : undefined)
    const read = node.cache.getOrSet('k', () => 'loaded')
    await node.clock.advance(50)
    expect(await read).toBe('loaded')
    expect(node.cache.stats().tiers['store']).toMatchObject({ timeouts: 1, errors: 0 })
  })

  test('one that answers just in time is a hit', async () => {
    await using node = oneNode({ timeouts: { tier: 50 } })
    await node.cache.set('k', 'far')
    node.near.clear()
    node.tier.plan = (verb) => (verb === 'lease' ? { delayAnswer: 49 } : undefined)
    const read = node.cache.getOrSet('k', () => 'loaded')
    await node.clock.advance(49)
    expect(await read).toBe('far')
  })
})
