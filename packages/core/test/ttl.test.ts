import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock, processStore, seededRandom } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import { memoryNode, oneNode, pair, Source } from './rig.ts'

describe('ttl', () => {
  test.each([
    [250, 250],
    ['250ms', 250],
    ['2s', 2_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['hot', 1_800_000],
    ['warm', 3_600_000],
    ['cold', 86_400_000],
    ['static', 604_800_000],
  ] as const)('%j is %d ms', async (ttl, ms) => {
    await using node = memoryNode({ ttl })
    const row = node.cache.define({ name: 'row', load: () => 'v' })
    await row(1)
    expect((await row.entry(1))?.ttlLeft).toBe(ms)
  })

  test('is exact to the millisecond', async () => {
    await using node = memoryNode({ ttl: '2s' })
    await node.cache.set('k', 'v')
    await node.clock.advance(1_999)
    expect(node.cache.peek('k')).toBe('v')
    await node.clock.advance(1)
    expect(node.cache.peek('k')).toBeUndefined()
  })

  test('counts from the instant at which the load began, not from its end', async () => {
    await using node = memoryNode({ ttl: 1_000 })
    const source = new Source([['k', 'v']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.advance(900)
    source.release()
    await read
    await node.clock.advance(99)
    expect(node.cache.peek('k')).toBe('v')
    await node.clock.advance(1)
    expect(node.cache.peek('k')).toBeUndefined()
  })

  test('0 stores nothing, and says nothing of a fence', async () => {
    await using node = oneNode({ ttl: 0 })
    expect(await node.cache.getOrSet('k', () => 'v')).toBe('v')
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
    expect(node.events.lines).not.toContain('fenced memory')
    expect(node.store.transcript('a')).toContain('release =k')
  })

  test('Infinity lasts until removed', async () => {
    await using node = oneNode({ ttl: Infinity })
    await node.cache.set('k', 'v')
    await node.clock.advance(1e7)
    expect(node.cache.peek('k')).toBe('v')
    node.near.clear()
    expect(await node.cache.get('k')).toBe('v')
    await node.cache.delete('k')
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('an entry that never expires far away has its windows in a near tier with a ttl', async () => {
    await using node = oneNode({ ttl: { memory: 1_000, store: Infinity }, staleIfError: 60_000 })
    await node.cache.set('k', 'v')
    node.near.clear()
    expect(await node.cache.get('k')).toBe('v')
    await node.clock.advance(1_500)
    expect(node.cache.stats().tiers['memory']?.size).toBe(1)
    node.tier.plan = { lease: 'drop', read: 'drop' }
    expect(await node.cache.getOrSet('k', () => Promise.reject(new Error('away')))).toBe('v')
  })

  test('per tier, by name; a tier that is not named keeps the outer one', async () => {
    await using node = oneNode({ ttl: { default: 10_000, memory: 1_000 } })
    await node.cache.set('k', 'v')
    await node.clock.advance(1_000)
    expect(node.cache.peek('k')).toBeUndefined()
    expect(await node.cache.get('k')).toBe('v')
    await node.clock.advance(9_000)
    expect(await node.cache.get('k')).toBeUndefined()
    await node.cache.set('l', 'v', { ttl: { store: 500 } })
    await node.clock.advance(500)
    expect(await node.cache.get('l', { skip: ['memory'] })).toBeUndefined()
    expect(node.cache.peek('l')).toBe('v')
  })

  test('a backfill is clamped to the life that remains in the far tier', async () => {
    await using nodes = await pair({ ttl: 1_000 })
    await nodes.a.set('k', 'v')
    await nodes.clock.advance(900)
    expect(await nodes.b.get('k')).toBe('v')
    await nodes.clock.advance(99)
    expect(nodes.b.peek('k')).toBe('v')
    await nodes.clock.advance(1)
    expect(nodes.b.peek('k')).toBeUndefined()
  })

  test('a backfill has the nearer ttl where that is shorter', async () => {
    await using nodes = await pair({ ttl: { memory: 100, store: 1_000 } })
    await nodes.a.set('k', 'v')
    await nodes.clock.advance(500)
    expect(await nodes.b.get('k')).toBe('v')
    await nodes.clock.advance(100)
    expect(nodes.b.peek('k')).toBeUndefined()
    expect(await nodes.b.get('k')).toBe('v')
  })

  test('`get` and `getMany` fill the nearer tiers, too', async () => {
    await using nodes = await pair()
    await nodes.a.setMany([
      ['k', 1],
      ['l', 2],
    ])
    expect(await nodes.b.getMany(['k', 'l'])).toEqual([1, 2])
    expect([nodes.b.peek('k'), nodes.b.peek('l')]).toEqual([1, 2])
  })

  test('an entry found in the farthest of three tiers is written into the others, clamped', async () => {
    const clock = fakeClock()
    const [host, fleet] = [processStore({ clock }), processStore({ clock })]
    const node = (name: string) =>
      createCache({
        namespace: 'test',
        clock,
        jitter: false,
        ttl: { memory: 1_000, host: 5_000, fleet: 60_000 },
        tiers: [
          memory(),
          host.tier({ name: 'host', node: name, shared: 'host' }),
          fleet.tier({ name: 'fleet', node: name }),
        ],
      })
    await using a = node('a')
    await using b = node('b')
    await clock.settle()
    await a.set('k', 'v')
    host.evict('=k')
    await clock.advance(58_000)
    expect(await b.get('k')).toBe('v')
    expect(await b.getOrSet('l', () => 'l')).toBe('l')
    await b.drain()
    await b.delete('k')
    await a.set('k', 'v')
    host.evict('=k')
    await clock.advance(57_000)
    expect(await b.getOrSet('k', () => 'loaded')).toBe('v')
    await b.drain()
    const [frame] = await host
      .tier({ node: 'x' })
      .read(['=k'])
      .catch(() => [undefined])
    expect(frame).toBeUndefined()
    await clock.advance(3_000)
    expect(await b.get('k')).toBeUndefined()
  })

  test('a clock of another host that is ahead does not lengthen a life', async () => {
    await using nodes = await pair({ ttl: 1_000 })
    nodes.clock.jumpWall(3_600_000)
    await nodes.a.set('k', 'v')
    nodes.clock.jumpWall(-3_600_000)
    expect(await nodes.b.get('k')).toBe('v')
    await nodes.clock.advance(1_000)
    expect(nodes.b.peek('k')).toBeUndefined()
  })

  test('a jump of the wall clock does not touch what is in memory', async () => {
    await using node = memoryNode({ ttl: 1_000 })
    await node.cache.set('k', 'v')
    node.clock.jumpWall(-86_400_000)
    expect(node.cache.peek('k')).toBe('v')
    await node.clock.advance(1_000)
    expect(node.cache.peek('k')).toBeUndefined()
  })
})

describe('jitter', () => {
  test('is subtractive, at most its share, and on by default', async () => {
    const random = seededRandom(1)
    const clock = fakeClock()
    await using cache = createCache({
      namespace: 'test',
      clock,
      random: () => random.next(),
      ttl: 1_000,
      tiers: [memory()],
    })
    const cached = cache.define({ name: 'd', load: (id: number) => id })
    await cached.many(Array.from({ length: 200 }, (_, i) => i))
    const lives = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => (await cached.entry(i))?.ttlLeft ?? 0),
    )
    expect(Math.max(...lives)).toBeLessThanOrEqual(1_000)
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(900)
    expect(new Set(lives).size).toBeGreaterThan(190)
  })

  test('near tiers never outlive far ones', async () => {
    let n = 0
    await using node = oneNode({ ttl: 1_000, jitter: 0.5, random: () => (n = (n + 0.37) % 1) })
    await node.cache.getOrSet('k', () => 'v')
    await node.cache.drain()
    for (let i = 0; i < 20; i++) {
      await node.clock.advance(50)
      const near = node.cache.peek('k')
      const far = await node.cache.get('k', { skip: ['memory'] })
      expect([near, far]).not.toEqual(['v', undefined])
    }
  })

  test('false switches it off', async () => {
    await using node = memoryNode({ ttl: 1_000, jitter: false, random: () => 0.99 })
    await node.cache.set('k', 'v')
    await node.clock.advance(999)
    expect(node.cache.peek('k')).toBe('v')
  })
})

describe('idleTtl', () => {
  test('an entry that is read lives on, one that is not is gone', async () => {
    await using node = memoryNode({ ttl: 10_000, idleTtl: 1_000 })
    await node.cache.set('used', 'v')
    await node.cache.set('idle', 'v')
    for (let i = 0; i < 5; i++) {
      await node.clock.advance(900)
      expect(await node.cache.get('used')).toBe('v')
    }
    expect(await node.cache.get('idle')).toBeUndefined()
    await node.clock.advance(5_500)
    expect(await node.cache.get('used')).toBeUndefined()
  })
})
