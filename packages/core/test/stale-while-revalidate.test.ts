import { describe, expect, test } from 'vitest'
import type { LoadContext } from '../src/index.ts'
import { finish, memoryNode, oneNode, outcome, pair, Source } from './rig.ts'

describe('stale-while-revalidate', () => {
  test('within swr the stale value is returned at once and loaded behind', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 500 })
    const source = new Source([['k', 'v1']])
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    await read()
    source.rows.set('k', 'v2')
    await node.clock.advance(1_499)
    node.events.take()
    expect(await read()).toBe('v1')
    await node.clock.settle()
    expect(await read()).toBe('v2')
    expect(source.loads).toHaveLength(2)
    expect(node.events.take()).toEqual(['hit memory stale', 'load swr', 'hit memory fresh'])
  })

  test('past the window nobody gets it', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 500 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(1_500)
    expect(node.cache.peek('k')).toBeUndefined()
    expect(await node.cache.get('k')).toBeUndefined()
    const source = new Source([['k', 'v2']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    expect(await outcome(read, node.clock)).toBe('pending')
    source.release()
    expect(await read).toBe('v2')
  })

  test('a loader may give its value windows of its own', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 0, errorTtl: 0 })
    const load = (context: LoadContext) => {
      context.windows({ swr: '500ms', staleIfError: 2_000 })
      return 'v1'
    }
    const fail = () => Promise.reject(new Error('down'))
    await node.cache.getOrSet('k', load)
    await node.clock.advance(1_499)
    expect(node.cache.peek('k')).toBe('v1')
    expect(node.cache.peek('k', { maxStale: 0 })).toBeUndefined()
    expect(node.cache.peek('k', { maxStale: 499 })).toBeUndefined()
    expect(node.cache.peek('k', { maxStale: 500 })).toBe('v1')
    await node.clock.advance(1_500)
    expect(await node.cache.getOrSet('k', fail)).toBe('v1')
    await node.clock.advance(1)
    await expect(node.cache.getOrSet('k', fail)).rejects.toThrow('down')
  })

  test('windows that a loader gives travel to other processes', async () => {
    await using nodes = await pair({ ttl: 1_000, jitter: false })
    await nodes.a.getOrSet('k', (context: LoadContext) => {
      context.windows({ swr: 500 })
      return 'v1'
    })
    await nodes.clock.advance(1_400)
    expect(await nodes.b.get('k')).toBe('v1')
    await nodes.clock.advance(200)
    expect(await nodes.b.get('k')).toBeUndefined()
  })

  test('a reader who joins a slow background load past the window waits for its end', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 500 })
    const source = new Source([['k', 'v2']]).hold()
    await node.cache.set('k', 'v1')
    await node.clock.advance(1_400)
    expect(await node.cache.getOrSet('k', () => source.load('k'))).toBe('v1')
    await node.clock.advance(100)
    const late = node.cache.getOrSet('k', () => source.load('k'))
    expect(await outcome(late, node.clock)).toBe('pending')
    source.release()
    expect(await late).toBe('v2')
    expect(source.loads).toHaveLength(1)
  })

  test('windows add to the ttl: a short swr does not shorten it', async () => {
    await using node = memoryNode({ ttl: 2_000, swr: 200 })
    await node.cache.set('k', 'v')
    await node.clock.advance(1_999)
    expect(await node.cache.get('k')).toBe('v')
    expect(node.events.lines).toContain('hit memory fresh')
    await node.clock.advance(200)
    expect(await node.cache.get('k')).toBe('v')
    await node.clock.advance(1)
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('who loses the lease gets bounded-stale, never older than the window', async () => {
    await using nodes = await pair({ ttl: 1_000, swr: 500 })
    await nodes.a.set('k', 'v1')
    expect(await nodes.b.get('k')).toBe('v1')
    const source = new Source([
      ['a', 'v2'],
      ['b', 'v2'],
    ]).hold()
    await nodes.clock.advance(1_200)
    expect(await nodes.a.getOrSet('k', () => source.load('a'))).toBe('v1')
    await nodes.clock.settle()
    expect(await nodes.b.getOrSet('k', () => source.load('b'))).toBe('v1')
    await nodes.clock.advance(300)
    const past = nodes.b.getOrSet('k', () => source.load('b'))
    expect(await outcome(past, nodes.clock)).toBe('pending')
    source.release()
    await nodes.clock.advance(300)
    expect(await past).toBe('v2')
  })

  test('a background load that fails, or whose value can not be stored, ends no process', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 60_000 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(1_000)
    const read = (load: () => unknown) => node.cache.getOrSet('k', load)
    expect(await read(() => Promise.reject(new Error('away')))).toBe('v1')
    await node.clock.advance(2_000)
    expect(await read(() => () => 'not data')).toBe('v1')
    await node.cache.drain()
    expect(node.events.lines).toContain('load:error stale')
    expect(node.events.lines).toContain('refused store unencodable')
  })

  test('a stale entry of a far tier serves as well', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 500 })
    await node.cache.set('k', 'v1')
    node.near.clear()
    await node.clock.advance(1_200)
    const source = new Source([['k', 'v2']]).hold()
    expect(await node.cache.getOrSet('k', () => source.load('k'))).toBe('v1')
    source.release()
    await node.cache.drain()
    expect(await node.cache.getOrSet('k', () => 'v3')).toBe('v2')
  })

  test('maxStale narrows the window for one read, and widens it up to the windows', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 1_000, staleIfError: 5_000 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(1_600)
    expect(await node.cache.get('k', { maxStale: 500 })).toBeUndefined()
    expect(await node.cache.get('k', { maxStale: 601 })).toBe('v1')
    await node.clock.advance(1_000)
    expect(await node.cache.get('k')).toBeUndefined()
    expect(await node.cache.get('k', { maxStale: 60_000 })).toBe('v1')
    await node.clock.advance(3_400)
    expect(await node.cache.get('k', { maxStale: 60_000 })).toBeUndefined()
  })
})

describe('expire: soft removal', () => {
  test('counts as expired at once, is served within swr, loads behind', async () => {
    await using nodes = await pair({ ttl: 10_000, swr: 1_000 })
    await nodes.a.set('k', 'v1')
    expect(await nodes.b.get('k')).toBe('v1')
    const receipt = await nodes.a.expire('k')
    expect(receipt).toEqual({ confirmed: ['store', 'memory'], queued: [], durable: [], bus: 'sent' })
    for (const cache of [nodes.a, nodes.b]) {
      expect((await cache.explain('k')).steps.map(({ outcome: o }) => o)).toEqual(['stale', 'stale'])
    }
    expect(await nodes.b.getOrSet('k', () => 'v2')).toBe('v1')
    await nodes.b.drain()
    expect(await nodes.b.get('k')).toBe('v2')
  })

  test('without windows nothing stale is served, however much ttl was left', async () => {
    await using node = oneNode({ ttl: 10_000 })
    await node.cache.set('k', 'v1')
    await node.cache.expire('k')
    expect(await node.cache.get('k')).toBeUndefined()
    expect(node.cache.peek('k')).toBeUndefined()
    await expect(node.cache.getOrSet('k', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    await node.clock.advance(1_000)
    expect(await node.cache.getOrSet('k', () => 'v2')).toBe('v2')
  })

  test('an entry that never expires can be expired, and then has its windows', async () => {
    await using node = oneNode({ ttl: Infinity, swr: 1_000 })
    await node.cache.set('k', 'v1')
    await node.cache.expire('k')
    expect(await node.cache.getOrSet('k', () => 'v2')).toBe('v1')
    await node.cache.drain()
    expect(await node.cache.get('k')).toBe('v2')
  })

  test('a soft tag invalidation does the same for all who carry the tag', async () => {
    await using nodes = await pair({ ttl: 10_000, swr: 1_000 })
    await nodes.a.set('k', 'v1', { tags: ['t'] })
    expect(await nodes.b.get('k')).toBe('v1')
    await nodes.a.invalidateTags('t', { soft: true })
    for (const cache of [nodes.a, nodes.b]) expect(cache.peek('k')).toBe('v1')
    expect(await nodes.b.getOrSet('k', () => 'v2', { tags: ['t'] })).toBe('v1')
    await nodes.b.drain()
    expect(await nodes.b.get('k')).toBe('v2')
    expect(await nodes.a.get('k')).toBe('v2')
  })

  test('a load that began before is not stored', async () => {
    await using node = oneNode({ ttl: 10_000, swr: 1_000 })
    const source = new Source([['k', 'old']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.settle()
    await node.cache.expire('k')
    source.release()
    expect(await read).toBe('old')
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
  })
})

test('who comes after a removal by tag does not get the stale answer that others got before it', async () => {
  await using node = oneNode({ ttl: 1_000, swr: 60_000 })
  const source = new Source([[1, { org: 7, v: 1 }]])
  const cached = node.cache.define({ name: 'd', load: source.load, tags: ({ org }) => [`org:${org}`] })
  await cached(1)
  await node.clock.advance(2_000)
  source.hold()
  // Stale, and the load behind goes on.
  expect(await cached(1)).toEqual({ org: 7, v: 1 })
  source.rows.set(1, { org: 7, v: 2 })
  await node.cache.invalidateTags('org:7')
  const after = cached(1)
  await node.clock.settle()
  source.release()
  expect(await finish(node.clock, after)).toEqual({ org: 7, v: 2 })
})
