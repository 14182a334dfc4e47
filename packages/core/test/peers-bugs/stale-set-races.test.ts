import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { chaosTier, fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import { createCache } from '../../src/index.ts'
import { oneNode, pair, Source } from '../rig.ts'
import type { TestCache } from '../rig.ts'

const read = (cache: TestCache, source: Source) => cache.getOrSet('k', () => source.load('k'))

describe('fills against removals', () => {
  test('a load in one process that began before a removal in another is stored in no tier', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const first = read(nodes.a, source)
    await nodes.clock.settle()
    source.rows.set('k', 'v2')
    await nodes.b.delete('k')
    source.release()
    expect(await first).toBe('v1')
    await nodes.a.drain()
    expect(await read(nodes.b, source)).toBe('v2')
    expect(await read(nodes.a, source)).toBe('v2')
  })

  test('the same when the bus has not told yet', async () => {
    await using nodes = await pair()
    nodes.bus.delivery = 'manual'
    const source = new Source([['k', 'v1']]).hold()
    const first = read(nodes.a, source)
    await nodes.clock.settle()
    source.rows.set('k', 'v2')
    await nodes.b.delete('k')
    source.release()
    await first
    await nodes.a.drain()
    expect(await read(nodes.b, source)).toBe('v2')
    // The refused fill took the local copy back, message or not.
    expect(nodes.a.peek('k')).toBeUndefined()
    // Else the next reader would wait for this fill, and for the message that tells of it.
    await nodes.b.drain()
    nodes.bus.deliver()
    expect(await read(nodes.a, source)).toBe('v2')
  })

  test('a load in the process that removes is not stored', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const first = read(nodes.a, source)
    await nodes.clock.settle()
    source.rows.set('k', 'v2')
    await nodes.a.delete('k')
    source.release()
    await first
    await nodes.a.drain()
    expect(nodes.a.peek('k')).toBeUndefined()
    expect(await read(nodes.a, source)).toBe('v2')
    expect(await read(nodes.b, source)).toBe('v2')
  })

  test('a reader who comes after a removal does not join a load from before it', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const before = read(nodes.a, source)
    await nodes.clock.settle()
    source.rows.set('k', 'v2')
    await nodes.a.delete('k')
    const after = read(nodes.a, source)
    await nodes.clock.settle()
    source.release()
    expect(await Promise.all([before, after])).toEqual(['v1', 'v2'])
  })

  test('nor when the removal was made by another process', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const before = read(nodes.a, source)
    await nodes.clock.settle()
    source.rows.set('k', 'v2')
    await nodes.b.delete('k')
    const after = read(nodes.a, source)
    await nodes.clock.settle()
    source.release()
    expect(await Promise.all([before, after])).toEqual(['v1', 'v2'])
  })

  test('a key is removed everywhere, whether or not the removing process holds it', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']])
    await read(nodes.b, source)
    source.rows.set('k', 'v2')
    await nodes.a.delete('k')
    expect(nodes.b.peek('k')).toBeUndefined()
    expect(await read(nodes.b, source)).toBe('v2')
  })

  test('a value on its way from the far tier that a removal overtakes is not copied near', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v1')
    node.near.clear()
    node.tier.plan = (verb) => (verb === 'lease' ? { delayAnswer: 20 } : undefined)
    const source = new Source([['k', 'v2']])
    const late = read(node.cache, source)
    await node.clock.settle()
    await node.cache.delete('k')
    await node.clock.advance(20)
    expect(await late).toBe('v1')
    expect(node.cache.peek('k')).toBeUndefined()
    node.tier.plan = {}
    expect(await read(node.cache, source)).toBe('v2')
  })

  test('nor when another process removed it', async () => {
    const clock = fakeClock()
    const store = processStore({ clock, bus: inProcessBus({ clock }) })
    const slow = chaosTier(store.tier({ node: 'b' }))
    const common = { namespace: 'test', clock, jitter: false } as const
    const a = createCache({ ...common, tiers: [memory(), store.tier({ node: 'a' })] })
    const b = createCache({ ...common, tiers: [memory(), slow] })
    await a.set('k', 'v1')
    slow.plan = { lease: { delayAnswer: 20 } }
    const late = b.getOrSet('k', () => 'v2')
    await clock.settle()
    await a.delete('k')
    await clock.advance(20)
    expect(await late).toBe('v1')
    expect(b.peek('k')).toBeUndefined()
    slow.plan = {}
    expect(await b.getOrSet('k', () => 'v2')).toBe('v2')
  })

  test('a background refresh that began before a removal does not bring the old value back', async () => {
    await using nodes = await pair({ ttl: 1_000, swr: 60_000 })
    const source = new Source([['k', 'v1']])
    await read(nodes.a, source)
    await nodes.clock.advance(1_500)
    source.hold()
    expect(await read(nodes.a, source)).toBe('v1')
    await nodes.clock.settle()
    source.rows.set('k', 'v2')
    await nodes.b.delete('k')
    source.release()
    await nodes.a.drain()
    expect(await read(nodes.a, source)).toBe('v2')
    expect(await read(nodes.b, source)).toBe('v2')
  })

  test('"no such row" loaded before an insert is not kept after it', async () => {
    await using nodes = await pair()
    const source = new Source<unknown>([['k', null]]).hold()
    const first = read(nodes.a, source)
    await nodes.clock.settle()
    source.rows.set('k', 'inserted')
    await nodes.b.delete('k')
    source.release()
    expect(await first).toBeNull()
    await nodes.a.drain()
    expect(await read(nodes.a, source)).toBe('inserted')
  })

  test('a fence is worth nothing once its lease was evicted, flushed, or given to another', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const first = read(nodes.a, source)
    await nodes.clock.settle()
    nodes.store.evict('=k')
    source.rows.set('k', 'v2')
    await nodes.b.delete('k')
    const second = read(nodes.b, source)
    await nodes.clock.settle()
    source.release()
    expect(await Promise.all([first, second])).toEqual(['v1', 'v2'])
    await Promise.all([nodes.a.drain(), nodes.b.drain()])
    for (const cache of [nodes.a, nodes.b]) expect(await cache.get('k')).toBe('v2')
  })

  test('of two sets the later one stays, and a set that a removal overtakes is kept nowhere', async () => {
    await using node = oneNode()
    node.tier.plan = (verb) => (verb === 'fill' ? { delay: 20 } : undefined)
    const slow = node.cache.set('k', 'old')
    await node.clock.settle()
    node.tier.plan = {}
    await node.cache.delete('k')
    await node.clock.advance(20)
    await slow
    expect(await node.cache.get('k')).toBeUndefined()
    await Promise.all([node.cache.set('k', 'one'), node.cache.set('k', 'two')])
    const near = await node.cache.get('k')
    const far = await node.cache.get('k', { skip: ['memory'] })
    expect(near ?? far).toBe(far)
  })

  test('clear() during a load: not stored', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const first = read(nodes.a, source)
    await nodes.clock.settle()
    await nodes.b.clear()
    source.release()
    await first
    await nodes.a.drain()
    for (const cache of [nodes.a, nodes.b]) expect(await cache.get('k')).toBeUndefined()
  })

  test('a load soon after a removal is served and not stored when the replica it reads may lag', async () => {
    await using node = oneNode({ replicaLag: 100 })
    await node.cache.delete('k')
    expect(await node.cache.getOrSet('k', () => 'lagging')).toBe('lagging')
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
    await node.clock.advance(100)
    await node.cache.getOrSet('k', () => 'caught up')
    expect(await node.cache.get('k')).toBe('caught up')
  })

  test('a tier without compare-and-set is guarded by the fence of this process', async () => {
    await using node = oneNode({}, { coherence: false })
    const source = new Source([['k', 'v1']]).hold()
    const first = read(node.cache, source)
    await node.clock.settle()
    await node.cache.delete('k')
    source.release()
    await first
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('there, a write that a removal overtook is taken back', async () => {
    await using node = oneNode({}, { coherence: false })
    node.tier.plan = (verb) => (verb === 'write' ? { delay: 20 } : undefined)
    await node.cache.getOrSet('k', () => 'v1')
    await node.clock.settle()
    await node.cache.delete('k')
    await node.clock.advance(20)
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('there, nobody reads what such a write left until it is taken back', async () => {
    await using node = oneNode({}, { coherence: false })
    let deletes = 0
    node.tier.plan = (verb) =>
      verb === 'write' || (verb === 'delete' && ++deletes > 1) ? { delay: 20 } : undefined
    await node.cache.getOrSet('k', () => 'v1')
    await node.clock.settle()
    await node.cache.delete('k')
    await node.clock.advance(30)
    expect(deletes).toBe(2)
    expect(await node.cache.getOrSet('k', () => 'v2')).toBe('v2')
    await node.clock.advance(30)
    await node.cache.drain()
    expect(await node.cache.get('k')).toBe('v2')
  })

  test('there, a tag invalidated during a load keeps its result out as well', async () => {
    await using node = oneNode({}, { coherence: false })
    const source = new Source([['k', 'v1']]).hold()
    const first = node.cache.getOrSet('k', () => source.load('k'), { tags: ['t'] })
    await node.clock.settle()
    await node.cache.invalidateTags('t')
    source.release()
    await first
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
  })
})
