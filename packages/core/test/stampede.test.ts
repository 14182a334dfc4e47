import { describe, expect, test } from 'vitest'
import { finish, memoryNode, oneNode, outcome, pair, Source } from './rig.ts'

describe('many readers, one load', () => {
  test('a thousand readers of one cold key share one load', async () => {
    await using node = memoryNode()
    const source = new Source([['k', { id: 1 }]]).hold()
    const readers = Array.from({ length: 1_000 }, () => node.cache.getOrSet('k', () => source.load('k')))
    await node.clock.settle()
    source.release()
    expect(new Set(await Promise.all(readers)).size).toBe(1)
    expect(source.loads).toHaveLength(1)
  })

  test('the remote tier is asked once for all of them', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v')
    node.near.clear()
    node.store.calls.length = 0
    await Promise.all(Array.from({ length: 100 }, () => node.cache.get('k')))
    expect(node.store.transcript('a')).toEqual(['read =k'])
  })

  test('a hundred different keys in one tick are one request', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.store.calls.length = 0
    await Promise.all(Array.from({ length: 100 }, (_, i) => node.cache.getOrSet(`k${i}`, () => i)))
    await node.cache.drain()
    expect(node.store.calls.map(({ verb, names }) => `${verb} ${names.length}`)).toEqual([
      'lease 100',
      'fill 100',
    ])
  })

  test('namespaces made anew for each call share loads all the same', async () => {
    await using node = memoryNode()
    const source = new Source([['k', 1]]).hold()
    const readers = Array.from({ length: 10 }, () =>
      node.cache.namespace('shop').getOrSet('k', () => source.load('k')),
    )
    await node.clock.settle()
    source.release()
    await Promise.all(readers)
    expect(source.loads).toHaveLength(1)
  })

  test.each([{ maxStale: 0 }, { maxStale: 500 }, { skip: ['store'] as const }])(
    'readers with the same demands share a load (%j)',
    async (options) => {
      await using node = oneNode()
      const source = new Source([['k', 1]]).hold()
      const readers = Array.from({ length: 10 }, () =>
        node.cache.getOrSet('k', () => source.load('k'), { ...options }),
      )
      await node.clock.settle()
      source.release()
      await Promise.all(readers)
      expect(source.loads).toHaveLength(1)
    },
  )

  test('a reader who accepts nothing stale does not get the stale answer that others share', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 10_000 })
    await node.cache.set('k', 'old')
    await node.clock.advance(1_000)
    const source = new Source([['k', 'new']]).hold()
    const easy = node.cache.getOrSet('k', () => source.load('k'))
    const strict = node.cache.getOrSet('k', () => source.load('k'), { maxStale: 0 })
    expect(await easy).toBe('old')
    expect(await outcome(strict, node.clock)).toBe('pending')
    source.release()
    expect(await strict).toBe('new')
  })

  test('waiters of a failing load fail together, not one after the other', async () => {
    await using node = memoryNode({ errorTtl: 0 })
    const source = new Source().hold()
    source.failing = new Error('away')
    const readers = Array.from({ length: 20 }, () => node.cache.getOrSet('k', () => source.load('k')))
    await node.clock.settle()
    source.release()
    await Promise.allSettled(readers)
    expect(source.loads).toHaveLength(1)
  })

  test('two processes, many callers each: one load; the other process is woken by the bus', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v']]).hold()
    const readers = [nodes.a, nodes.b].flatMap((cache) =>
      Array.from({ length: 50 }, () => cache.getOrSet('k', () => source.load('k'))),
    )
    await nodes.clock.settle()
    source.release()
    expect(new Set(await Promise.all(readers))).toEqual(new Set(['v']))
    expect(source.loads).toHaveLength(1)
    expect(nodes.clock.now()).toBe(1_000)
  })

  test('a removal wakes who waits for the load that it made worthless: nobody would tell of its end', async () => {
    await using nodes = await pair()
    const old = new Source([['k', 'old']]).hold()
    const before = nodes.a.getOrSet('k', () => old.load('k'))
    await nodes.clock.settle()
    const waiting = nodes.b.getOrSet('k', () => 'new')
    expect(await outcome(waiting, nodes.clock)).toBe('pending')
    await nodes.a.delete('k')
    expect(await outcome(waiting, nodes.clock)).toBe('new')
    expect(nodes.clock.now()).toBe(1_000)
    old.release()
    expect(await before).toBe('old')
    await nodes.a.drain()
    expect(await nodes.a.get('k')).toBe('new')
  })

  test('a process that dies while loading delays the others by its lease at most', async () => {
    await using nodes = await pair()
    const dead = new Source([['k', 'never']]).hold()
    nodes.a.getOrSet('k', () => dead.load('k')).catch(() => {})
    await nodes.clock.settle()
    nodes.store.down('a')
    const waiting = nodes.b.getOrSet('k', () => 'mine')
    await nodes.clock.advance(1_400)
    expect(await outcome(waiting, nodes.clock)).toBe('pending')
    await nodes.clock.advance(400)
    expect(await outcome(waiting, nodes.clock)).toBe('mine')
    nodes.store.up('a')
    dead.release()
    await nodes.clock.advance(2_000)
  })

  test('a lease is renewed while its load runs, and who waits too long loads without storing', async () => {
    await using nodes = await pair({ timeouts: { lock: 5_000, hard: 20_000 } })
    const slow = new Source([['k', 'slow']]).hold()
    const there = nodes.a.getOrSet('k', () => slow.load('k'))
    await nodes.clock.settle()
    const here = nodes.b.getOrSet('k', () => 'mine')
    await nodes.clock.advance(4_500)
    expect(await outcome(here, nodes.clock)).toBe('pending')
    await nodes.clock.advance(1_000)
    expect(await outcome(here, nodes.clock)).toBe('mine')
    slow.release()
    expect(await there).toBe('slow')
    await nodes.a.drain()
    expect(await nodes.b.get('k', { skip: ['memory'] })).toBe('slow')
  })

  test('a lease that is lost while its holder stalls: its late result is not stored over the newer one', async () => {
    await using nodes = await pair()
    const stalled = new Source([['k', 'v1']]).hold()
    const first = nodes.a.getOrSet('k', () => stalled.load('k'))
    await nodes.clock.settle()
    nodes.store.evict('=k')
    expect(await nodes.b.getOrSet('k', () => 'v2')).toBe('v2')
    await nodes.b.drain()
    stalled.release()
    expect(await first).toBe('v1')
    await nodes.a.drain()
    expect(await nodes.b.get('k', { skip: ['memory'] })).toBe('v2')
    expect(await nodes.a.get('k')).toBe('v2')
  })

  test("flight: 'process' doesn't wait for other processes, false shares nothing", async () => {
    await using nodes = await pair({ flight: 'process' })
    const source = new Source([['k', 'v']]).hold()
    const readers = [nodes.a, nodes.a, nodes.b].map((cache) => cache.getOrSet('k', () => source.load('k')))
    await nodes.clock.settle()
    expect(source.running).toBe(2)
    const own = [1, 2].map(() => nodes.a.getOrSet('k', () => source.load('k'), { flight: false }))
    await nodes.clock.settle()
    expect(source.running).toBe(4)
    source.release()
    await Promise.all([...readers, ...own])
  })
})

describe('bulkhead', () => {
  test('no more loads at once than allowed, the rest queue', async () => {
    await using node = memoryNode({ bulkhead: { concurrentLoads: 3 } })
    const source = new Source().hold()
    const reads = Array.from({ length: 10 }, (_, i) => node.cache.getOrSet(`${i}`, () => source.load(i)))
    await node.clock.settle()
    expect(source.running).toBe(3)
    source.release(1)
    await node.clock.settle()
    expect(source.running).toBe(3)
    source.release()
    await Promise.all(reads)
    expect(source.loads).toHaveLength(10)
  })

  test('past the queue: OVERLOADED, not remembered as a failure, stale where allowed', async () => {
    await using node = memoryNode({
      bulkhead: { concurrentLoads: 1, queue: 0 },
      ttl: 1_000,
      staleIfError: 60_000,
    })
    await node.cache.set('stale', 'old')
    await node.clock.advance(1_000)
    const source = new Source([['x', 1]]).hold()
    const first = node.cache.getOrSet('x', () => source.load('x'))
    await node.clock.settle()
    await expect(node.cache.getOrSet('y', () => 2)).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(await node.cache.getOrSet('stale', () => 'new')).toBe('old')
    source.release()
    await first
    expect(await node.cache.getOrSet('y', () => 2)).toBe(2)
  })

  test('a load inside a load needs no place of its own', async () => {
    await using node = memoryNode({ bulkhead: { concurrentLoads: 1 } })
    const nested = node.cache.getOrSet('outer', async () => {
      const inner = await node.cache.getOrSet('inner', () => 1)
      return inner + 1
    })
    expect(await finish(node.clock, nested)).toBe(2)
  })

  test('a load that waits for a key which queues behind its own place does not wait for ever', async () => {
    await using node = memoryNode({ bulkhead: { concurrentLoads: 1 } })
    const gate = new Source().hold()
    const outer = node.cache.getOrSet('outer', async () => {
      await gate.load('gate')
      return await node.cache.getOrSet('inner', () => 'inner')
    })
    await node.clock.settle()
    const queued = node.cache.getOrSet('inner', () => 'inner')
    await node.clock.settle()
    gate.release()
    expect(await outcome(outer, node.clock)).toBe('inner')
    expect(await outcome(queued, node.clock)).toBe('inner')
  })

  test('a batch counts as one load', async () => {
    await using node = memoryNode({ bulkhead: { concurrentLoads: 1 } })
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: (ids) => Promise.resolve([...ids]),
    })
    expect(await row.many([1, 2, 3])).toEqual([1, 2, 3])
  })
})
