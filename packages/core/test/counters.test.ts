import { memory } from '@tierstack/cache-memory'
import { describe, expect, test } from 'vitest'
import type { EventMap } from '../src/index.ts'
import { memoryNode, oneNode, pair, Source } from './rig.ts'

describe('counters of a definition', () => {
  test('misses are told apart by why they missed', async () => {
    await using node = oneNode({ ttl: 1_000 })
    const row = node.cache.define({ name: 'row', load: (id: number) => id })
    await row(1)
    await node.cache.drain()
    await row(1, { forceFresh: true })
    await row.warm([2])
    await node.cache.get('nothing')
    const { definitions } = node.cache.stats()
    expect(definitions['row']?.missesBy).toMatchObject({ miss: 1, forced: 1, warm: 1, absent: 0 })
    expect(definitions['row']?.misses).toBe(3)
    expect(definitions['']?.missesBy).toMatchObject({ absent: 1, miss: 0 })
  })

  test('readers who share a load are counted once each', async () => {
    await using node = memoryNode()
    const source = new Source([[1, 'v']]).hold()
    const row = node.cache.define({ name: 'row', load: (id: number) => source.load(id) })
    const reads = Promise.all([row(1), row(1), row(1)])
    await node.clock.settle()
    source.release()
    await reads
    expect(node.cache.stats().definitions['row']).toMatchObject({ loads: 1, joined: 2, misses: 3 })
  })

  test("a wait for another process' load is counted with its time", async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v']]).hold()
    const first = nodes.a.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    const second = nodes.b.getOrSet('k', () => source.load('k'))
    await nodes.clock.advance(30)
    source.release()
    await nodes.clock.settle()
    await Promise.all([first, second])
    expect(source.loads).toHaveLength(1)
    expect(nodes.b.stats().definitions['']).toMatchObject({ waits: 1, waitMs: 30, loads: 0 })
  })

  test('the size of what is stored is that of its frame, or of the entry where there are no frames', async () => {
    await using node = oneNode()
    await node.cache.getOrSet('small', () => 'x')
    await node.cache.getOrSet('large', () => 'x'.repeat(10_000))
    await node.cache.drain()
    const far = node.cache.stats().definitions['']
    expect(far?.stored).toBe(2)
    expect(far?.largestBytes).toBeGreaterThan(10_000)
    expect(far?.storedBytes).toBeGreaterThan(far?.largestBytes ?? 0)
    await using near = memoryNode()
    await near.cache.getOrSet('k', () => 'x'.repeat(10_000))
    expect(near.cache.stats().definitions['']?.largestBytes).toBeGreaterThan(10_000)
  })
})

describe('counters of the chain', () => {
  test('removals by origin', async () => {
    await using nodes = await pair()
    await nodes.a.delete('k')
    await nodes.a.invalidateTags('t')
    await nodes.clock.settle()
    expect(nodes.a.stats().removals).toEqual({ local: 2, db: 0, bus: 0 })
    expect(nodes.b.stats().removals).toEqual({ local: 0, db: 0, bus: 2 })
  })

  test('evictions by cause', async () => {
    await using node = memoryNode({ ttl: 1_000 }, memory({ maxEntries: 2 }))
    for (const key of ['a', 'b', 'c']) await node.cache.set(key, 1)
    expect(node.cache.stats().tiers['memory']).toMatchObject({ evicted: 1, expired: 0 })
    await node.clock.advance(10_000)
    expect(node.cache.stats().tiers['memory']).toMatchObject({ evicted: 1, expired: 2, size: 0 })
  })

  test('a gap of the bus, and whether it vouches', async () => {
    await using nodes = await pair()
    await nodes.clock.settle()
    expect(nodes.b.stats().buses['store']).toMatchObject({ gaps: 0, live: true })
    nodes.bus.cut('b')
    await nodes.clock.advance(1_000)
    expect(nodes.b.stats().buses['store']).toMatchObject({ live: false })
    nodes.bus.heal('b')
    expect(nodes.b.stats().buses['store']?.gaps).toBeGreaterThan(0)
  })

  test('the state of each tier, how often it failed, and what waits for it', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.tier.plan = () => 'drop'
    for (const key of ['a', 'b', 'c']) await node.cache.getOrSet(key, () => 1)
    await node.cache.delete('a')
    expect(node.cache.stats().tiers['store']).toMatchObject({ state: 'down', opened: 1, queued: 1 })
    node.tier.plan = {}
    await node.clock.advance(2_000)
    expect(node.cache.stats().tiers['store']).toMatchObject({ state: 'up', opened: 1, queued: 0 })
  })
})

describe('events', () => {
  test('a call tells of one round trip, whatever was asked in it', async () => {
    await using node = oneNode()
    await node.clock.settle()
    const calls: EventMap['call'][] = []
    node.cache.on('call', (call) => calls.push(call))
    await Promise.all(['a', 'b', 'c'].map((key) => node.cache.get(key)))
    expect(calls).toEqual([{ tier: 'store', verb: 'read', items: 3, ms: 0, outcome: 'ok' }])
    node.tier.plan = { read: 'drop' }
    await node.cache.get('d')
    expect(calls[1]).toMatchObject({ verb: 'read', items: 1, outcome: 'error' })
  })

  test('what is asked in several ticks of one turn of the event loop goes out together, deletes too', async () => {
    await using node = oneNode()
    await node.clock.settle()
    const calls: EventMap['call'][] = []
    node.cache.on('call', (call) => calls.push(call))
    const deleted: (readonly string[])[] = []
    const { tier } = node
    const original = tier.delete.bind(tier)
    tier.delete = (keys) => {
      deleted.push(keys)
      return original(keys)
    }
    const asked: Promise<unknown>[] = []
    for (const key of ['a', 'b', 'c']) {
      asked.push(node.cache.get(key), node.cache.delete(key))
      await new Promise<void>((resolve) => process.nextTick(resolve))
    }
    await Promise.all(asked)
    expect(calls.filter(({ verb }) => verb === 'read')).toMatchObject([{ items: 3 }])
    expect(deleted).toEqual([['=a', '=b', '=c']])
  })

  test('a load tells whether its value differs from the one that it replaces', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 10_000 })
    const source = new Source([[1, { n: 1 }]])
    const row = node.cache.define({ name: 'row', load: (id: number) => source.load(id) })
    const changes: (boolean | undefined)[] = []
    node.cache.on('load', (load) => changes.push(load.changed()))
    const again = async () => {
      await node.clock.advance(1_500)
      await row(1)
      await node.cache.drain()
    }
    await row(1)
    await again()
    source.rows.set(1, { n: 2 })
    await again()
    expect(changes).toEqual([undefined, false, true])
  })
})

describe('what operators ask', () => {
  test('all definitions with their resolved policy', async () => {
    await using node = oneNode({ ttl: { memory: '1s', default: '1m' }, swr: 500 })
    node.cache.define({ name: 'row', version: 3, load: (id: number) => id })
    node.cache.namespace('part').define({ name: 'row', ttl: '2s', load: (id: number) => id })
    expect(node.cache.definitions()).toMatchObject([
      { name: 'row', version: '3', namespace: '', ttl: { memory: 1_000, store: 60_000 }, swr: 500 },
      { name: 'row', version: '1', namespace: 'part', ttl: { memory: 2_000, store: 2_000 } },
    ])
  })

  test('an entry by its full key is the same entry', async () => {
    await using node = oneNode()
    const row = node.cache.define({ name: 'row', version: 7, load: (id: number) => `row ${id}` })
    await row(1)
    await node.cache.drain()
    const entry = node.cache.byKey(row.keyFor(1))
    expect(await entry.entry()).toMatchObject({ value: 'row 1', tier: 'memory', version: '7' })
    expect((await entry.explain()).steps.map((step) => step.outcome)).toEqual(['hit', 'hit'])
    await entry.delete()
    expect(await row.entry(1)).toBeUndefined()
  })

  test('what the source says, past the cache, is stored nowhere', async () => {
    await using node = oneNode()
    const source = new Source([[1, 'v1']])
    const row = node.cache.define({ name: 'row', load: (id: number) => source.load(id) })
    await row(1)
    source.rows.set(1, 'v2')
    expect(await row.uncached(1)).toBe('v2')
    expect(await row(1)).toBe('v1')
  })
})
