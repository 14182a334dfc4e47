import { describe, expect, test } from 'vitest'
import { seededRandom } from '@tierstack/cache-testing'
import { memoryNode, oneNode, Source } from './rig.ts'

describe('refresh-ahead', () => {
  test('a hit past the share of the ttl is answered at once and loads behind, once', async () => {
    await using node = memoryNode({ ttl: 1_000, refreshAhead: 0.8 })
    const source = new Source([['k', 'v1']])
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    await read()
    await node.clock.advance(799)
    await read()
    expect(source.loads).toHaveLength(1)
    await node.clock.advance(1)
    source.rows.set('k', 'v2')
    source.hold()
    node.events.take()
    expect(await Promise.all([read(), read(), read()])).toEqual(['v1', 'v1', 'v1'])
    await node.clock.settle()
    source.release()
    await node.cache.drain()
    expect(source.loads).toHaveLength(2)
    expect(await read()).toBe('v2')
    expect(node.events.take()).toContain('load ahead')
  })

  test('the remote tier is refreshed as well', async () => {
    await using node = oneNode({ ttl: 1_000, refreshAhead: 0.5 })
    const source = new Source([['k', 'v1']])
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    await read()
    await node.cache.drain()
    await node.clock.advance(500)
    source.rows.set('k', 'v2')
    expect(await read()).toBe('v1')
    await node.cache.drain()
    await node.clock.advance(600)
    expect(await node.cache.get('k', { skip: ['memory'] })).toBe('v2')
  })

  test('clocks that round differently do not keep it from loading', async () => {
    let floor = true
    const rounded = new Map<number, number>()
    await using node = oneNode({ ttl: 1_000, refreshAhead: 0.5 })
    const wall = node.clock.wall.bind(node.clock)
    node.clock.wall = () => {
      const now = wall()
      rounded.set(now, floor ? Math.floor(now) : Math.ceil(now))
      return rounded.get(now) as number
    }
    const source = new Source([['k', 'v1']])
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.advance(0.5)
    floor = false
    await read()
    await node.cache.drain()
    floor = true
    await node.clock.advance(600)
    await read()
    await node.cache.drain()
    expect(source.loads).toHaveLength(2)
  })

  test('when another process has refreshed it already, nothing is loaded', async () => {
    await using node = oneNode({ ttl: { memory: 1_000, store: 60_000 }, refreshAhead: 0.5 })
    const source = new Source([['k', 'v1']])
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    await read()
    await node.cache.drain()
    await node.clock.advance(600)
    await read()
    await node.cache.drain()
    expect(source.loads).toHaveLength(1)
    await node.clock.advance(300)
    expect(node.cache.peek('k')).toBe('v1')
  })

  test('a refresh that fails leaves the entry as it was', async () => {
    await using node = memoryNode({ ttl: 1_000, refreshAhead: 0.5 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(600)
    const read = () => node.cache.getOrSet('k', () => Promise.reject(new Error('away')))
    expect(await read()).toBe('v1')
    await node.cache.drain()
    expect(await read()).toBe('v1')
  })

  test('a refresh that fails never comes between a reader and a later load', async () => {
    await using node = memoryNode({ ttl: 1_000, refreshAhead: 0.5, errorTtl: 0 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(600)
    await node.cache.getOrSet('k', () => Promise.reject(new Error('away')))
    await node.cache.drain()
    await node.clock.advance(400)
    expect(await node.cache.getOrSet('k', () => 'v2')).toBe('v2')
  })

  test('xfetch: rarely early, surely late, never before the cost of the load makes it worth while', async () => {
    const random = seededRandom(7)
    await using node = memoryNode({ ttl: 10_000, refreshAhead: 'xfetch', random: () => random.next() })
    const source = new Source([['k', 'v']])
    const read = () =>
      node.cache.getOrSet('k', async () => {
        await new Promise<void>((go) => node.clock.after(100, go))
        return await source.load('k')
      })
    const first = read()
    await node.clock.advance(100)
    await first
    let early = 0
    for (let at = 0; at < 8_400; at += 100) {
      await node.clock.advance(100)
      await read()
    }
    early = source.loads.length - 1
    expect(early).toBe(0)
    for (let at = 0; at < 1_400; at += 20) {
      await node.clock.advance(20)
      await read()
      if (source.loads.length > 1) break
    }
    await node.clock.advance(100)
    expect(source.loads.length).toBeGreaterThan(1)
    expect(node.clock.now()).toBeLessThan(1_000 + 100 + 10_000)
  })
})
