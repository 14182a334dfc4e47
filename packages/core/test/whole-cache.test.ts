import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { eventTranscript, fakeClock, processStore } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import { finish, memoryNode, oneNode, pair, Source } from './rig.ts'

describe('enabled', () => {
  test('false: every read loads, nothing is stored or removed, whatever the verb', async () => {
    await using node = oneNode({ enabled: false })
    await node.clock.settle()
    node.store.calls.length = 0
    const source = new Source([[1, 'v']])
    const row = node.cache.define({ name: 'row', load: (id: number) => source.load(id) })
    expect([await row(1), await row(1)]).toEqual(['v', 'v'])
    expect(await node.cache.getOrSet('k', () => source.load(1))).toBe('v')
    expect(await row.many([1, 1])).toEqual(['v', 'v'])
    expect(await node.cache.getOrSetMany(['a'], (keys) => [...keys])).toEqual(['a'])
    await node.cache.set('k', 'set')
    await node.cache.setMany([['k', 'set']])
    await row.set(1, 'set')
    await row.refresh(1)
    expect(await row.warm([1])).toEqual({ loaded: 0, skipped: 0, errors: [], ms: 0 })
    expect(await node.cache.get('k')).toBeUndefined()
    expect(node.cache.peek('k')).toBeUndefined()
    expect(row.peek(1)).toBeUndefined()
    expect(await node.cache.delete('k')).toEqual({ confirmed: [], queued: [], durable: [], bus: 'none' })
    expect(await node.cache.write('k', () => 'committed')).toBe('committed')
    expect(source.loads).toHaveLength(6)
    expect(node.store.calls).toEqual([])
  })

  test('false with loadMany: batches stay batches, and leave no listeners behind', async () => {
    await using node = memoryNode({ enabled: false })
    const batches: number[] = []
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: (ids) => {
        batches.push(ids.length)
        return Promise.resolve([...ids])
      },
    })
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    for (let i = 0; i < 30; i++) await row.many([1, 2, 3])
    await node.clock.settle()
    process.off('warning', note)
    expect(batches).toEqual(Array.from({ length: 30 }, () => 3))
    expect(warnings).toEqual([])
  })

  test('a function is asked at each read; removals happen all the same', async () => {
    let on = true
    await using node = oneNode({ enabled: () => on })
    await node.cache.set('k', 'v')
    on = false
    expect(await node.cache.get('k')).toBeUndefined()
    expect(await node.cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    await node.cache.delete('k')
    on = true
    expect(await node.cache.get('k')).toBeUndefined()
  })
})

describe('explain', () => {
  test('tells where a key is, and why it is fresh or not', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 1_000 })
    const row = node.cache.define({ name: 'row', load: (id: number) => id, tags: () => ['t'] })
    const key = row.keyFor(1)
    const outcomes = async () => (await row.explain(1)).steps.map(({ tier, outcome: o }) => `${tier} ${o}`)
    expect(await row.explain(1)).toEqual({
      key,
      steps: [
        { tier: 'memory', outcome: 'miss', ms: 0, detail: 'not held', tags: [] },
        { tier: 'store', outcome: 'miss', ms: 0, detail: 'not held', tags: [] },
      ],
      wouldLoad: true,
    })
    await row(1)
    await node.cache.drain()
    expect(await outcomes()).toEqual(['memory hit', 'store hit'])
    await node.clock.advance(1_500)
    expect(await outcomes()).toEqual(['memory stale', 'store stale'])
    await row.refresh(1)
    await node.cache.drain()
    await node.cache.invalidateTags('t')
    expect(await outcomes()).toEqual(['memory tag', 'store tag'])
    await row.refresh(1)
    await node.cache.drain()
    node.tier.plan = { delete: 'drop' }
    await row.delete(1)
    expect(await outcomes()).toEqual(['memory miss', 'store fenced'])
    node.tier.plan = {}
    await node.clock.advance(1_000)
    node.tier.plan = { read: 'drop' }
    expect(await outcomes()).toEqual(['memory miss', 'store unavailable'])
    node.tier.plan = {}
    await node.clock.advance(1_000)
    await row.set(1, 1)
    node.tier.plan = { read: 'corrupt' }
    expect(await outcomes()).toEqual(['memory hit', 'store poisoned'])
  })

  test('suspect entries after a gap', async () => {
    await using nodes = await pair()
    await nodes.b.set('k', 'v')
    nodes.bus.cut('b')
    nodes.bus.heal('b')
    expect((await nodes.b.explain('k')).steps.map(({ outcome: o }) => o)).toEqual(['suspect', 'hit'])
  })

  test('takes a raw key', async () => {
    await using node = memoryNode()
    for (const key of ['k', 'a=b', '#odd']) {
      await node.cache.set(key, 'v')
      expect((await node.cache.explain(key)).wouldLoad).toBe(false)
    }
  })
})

describe('stats', () => {
  test('count each read once, by definition and by tier', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 1_000 })
    const row = node.cache.define({ name: 'row', load: (id: number) => id })
    await row(1)
    await row(1)
    await node.cache.drain()
    node.near.clear()
    await row(1)
    await node.clock.advance(1_500)
    await row(1)
    await node.cache.drain()
    await node.cache.get('raw')
    const stats = node.cache.stats()
    const none = { backfills: 0, fenced: 0, refused: 0, poisoned: 0 }
    expect(stats.definitions['row']).toMatchObject({
      hits: { memory: 1, store: 1 },
      stale: 1,
      misses: 1,
      missesBy: { miss: 1, expired: 0 },
      loads: 2,
      loadErrors: 0,
      fenced: 0,
      refused: 0,
      savedMs: 0,
      stored: 2,
      tiers: {
        memory: { ...none, hits: 1, stale: 0, backfills: 1 },
        store: { ...none, hits: 1, stale: 1 },
      },
    })
    expect(stats.definitions['']).toMatchObject({ misses: 1, loads: 0 })
    expect(stats.tiers['memory']).toMatchObject({ size: 1, queued: 0 })
    const { hits, stale, misses } = stats.definitions['row'] as (typeof stats.definitions)[string]
    expect(Object.values(hits).reduce((a, b) => a + b) + stale + misses).toBe(4)
  })

  test('saved time is the load time of what was hit', async () => {
    await using node = memoryNode()
    const read = node.cache.getOrSet('k', async () => {
      await new Promise<void>((go) => node.clock.after(40, go))
      return 'v'
    })
    await node.clock.advance(40)
    await read
    for (let i = 0; i < 3; i++) await node.cache.get('k')
    expect(node.cache.stats().definitions['']?.savedMs).toBe(120)
  })

  test('labels grow with definitions, not with keys', async () => {
    await using node = memoryNode()
    const row = node.cache.define({ name: 'row', load: (id: number) => id })
    await row.many(Array.from({ length: 500 }, (_, i) => i))
    for (let i = 0; i < 50; i++) await node.cache.namespace(`n${i}`).set('k', i)
    expect(Object.keys(node.cache.stats().definitions)).toEqual(['', 'row'])
  })
})

describe('events', () => {
  test('a miss, a far hit and a near hit, each told once with the true tier', async () => {
    await using nodes = await pair()
    const events = eventTranscript(nodes.b)
    await nodes.a.getOrSet('k', () => 'v')
    await nodes.a.drain()
    await nodes.b.getOrSet('k', () => 'v')
    await nodes.b.getOrSet('k', () => 'v')
    await nodes.b.getOrSet('l', () => 'v')
    expect(events.take()).toEqual([
      'backfill memory',
      'hit store fresh',
      'hit memory fresh',
      'load miss',
      'miss',
    ])
  })

  test('carry no values, and keys only when asked', async () => {
    await using node = oneNode()
    const seen: unknown[] = []
    for (const name of ['hit', 'miss', 'load', 'fenced'] as const) node.cache.on(name, (e) => seen.push(e))
    await node.cache.getOrSet('secret key', () => 'secret value')
    await node.cache.get('secret key')
    expect(JSON.stringify(seen)).not.toContain('secret')
    expect(seen.map((e) => (e as { key(): string }).key())).toEqual(seen.map(() => '=secret key'))
  })

  test('tell the key that was read, asked for later, and though the input was changed since', async () => {
    await using node = memoryNode()
    const row = node.cache.define({
      name: 'row',
      load: (input: number | { id: number }) => Promise.resolve(typeof input),
    })
    const input = { id: 1 }
    const loaded: string[] = []
    const keys: (() => string)[] = []
    node.cache.on('load', (event) => loaded.push(event.key()))
    node.cache.on('hit', (event) => keys.push(() => event.key()))
    for (const one of [7, input, 7, input]) await row(one)
    input.id = 2
    expect(loaded).toHaveLength(2)
    expect(keys.map((key) => key())).toEqual(loaded)
  })

  test('a listener that throws or rejects breaks nothing, and the others still hear', async () => {
    await using node = memoryNode()
    const heard: string[] = []
    node.cache.on('miss', () => {
      throw new Error('mine')
    })
    // Unheard, it would end the process.
    const rejects: () => unknown = () => Promise.reject(new Error('mine, later'))
    node.cache.on('miss', rejects)
    const stop = node.cache.on('miss', () => heard.push('miss'))
    expect(await node.cache.getOrSet('k', () => 'v')).toBe('v')
    stop()
    stop()
    await node.cache.getOrSet('l', () => 'v')
    expect(heard).toEqual(['miss'])
  })

  test('an unknown event is refused', async () => {
    await using node = memoryNode()
    expect(() => node.cache.on('hits' as never, () => {})).toThrow(
      "Expected `event` to be one of 'hit', 'miss'",
    )
  })
})

describe('drain and close', () => {
  test('drain waits for what goes on behind callers, and for what that begins', async () => {
    await using node = oneNode()
    node.tier.plan = (verb) => (verb === 'fill' ? { delay: 30 } : undefined)
    await node.cache.getOrSet('k', () => 'v')
    const drained = node.cache.drain()
    await node.clock.advance(30)
    expect(await drained).toBe(0)
    expect(node.store.transcript('a')).toContain('fill =k')
  })

  test('drain gives up after its timeout, and tells how much still runs', async () => {
    await using node = memoryNode()
    const source = new Source([['k', 1]]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    const drained = node.cache.drain({ timeout: '1s' })
    await node.clock.advance(1_000)
    expect(await drained).toBe(1)
    source.release()
    await read
  })

  test('waitUntil is given all background work', async () => {
    const work: Promise<unknown>[] = []
    await using node = oneNode({ waitUntil: (p) => void work.push(p) })
    await node.cache.getOrSet('k', () => 'v')
    expect(work.length).toBeGreaterThan(0)
    await Promise.all(work)
    expect(node.store.transcript('a')).toContain('fill =k')
  })

  test('after close every verb is refused with one code, close itself is idempotent', async () => {
    const node = oneNode()
    const row = node.cache.define({ name: 'row', load: (id: number) => id })
    await finish(node.clock, Promise.all([node.cache.close(), node.cache.close()]))
    const closed = { code: 'CLOSED', message: 'Expected an open cache, `test` was closed' }
    const calls: (() => Promise<unknown>)[] = [
      () => node.cache.get('k'),
      () => node.cache.getOrSet('k', () => 1),
      () => node.cache.getMany(['k']),
      () => node.cache.getOrSetMany(['k'], () => [1]),
      () => node.cache.set('k', 1),
      () => node.cache.delete('k'),
      () => node.cache.invalidateTags('t'),
      () => node.cache.clear(),
      () => node.cache.write('k', () => 1),
      () => row(1),
      () => row.many([1]),
      () => row.set(1, 1),
      () => row.warm([1]),
      () => row.refresh(1),
      () => row.delete(1),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject(closed)
    await finish(node.clock, node.cache.close())
  })

  test('close drains first, and leaves no timer behind', async () => {
    const node = oneNode()
    node.tier.plan = (verb) => (verb === 'fill' ? { delay: 30 } : undefined)
    await node.cache.getOrSet('k', () => 'v')
    const closing = node.cache.close()
    await node.clock.advance(30)
    await closing
    expect(node.store.transcript('a')).toContain('fill =k')
    expect(node.clock.pending).toBe(0)
  })

  test('health by tier', async () => {
    await using node = oneNode()
    await node.clock.settle()
    expect(await node.cache.health()).toMatchObject({
      memory: { state: 'up', error: undefined },
      store: { state: 'up', error: undefined },
    })
    node.store.down()
    const health = await node.cache.health()
    expect(health['store'].state).toBe('down')
    expect(health['store'].since).toBe(node.clock.wall())
    expect(health['store'].error).toBeInstanceOf(Error)
  })

  test('one tier serves one cache', async () => {
    const tier = memory()
    await using first = createCache({ namespace: 'a', tiers: [tier] })
    expect(() => createCache({ namespace: 'b', tiers: [tier] })).toThrow(
      "The tier 'memory' already serves a cache; make one tier per cache",
    )
    await first.set('k', 1)
  })

  test('chains without a local tier, and without a remote one, work', async () => {
    const clock = fakeClock()
    const store = processStore({ clock })
    await using far = createCache({
      namespace: 'x',
      clock,
      tiers: [store.tier()],
      refreshAhead: 0.5,
      ttl: 1_000,
    })
    await far.getOrSet('k', () => 'v')
    await far.drain()
    expect(await far.get('k')).toBe('v')
    expect(far.peek('k')).toBeUndefined()
    await clock.advance(600)
    expect(await far.getOrSet('k', () => 'v2')).toBe('v')
    await far.drain()
    expect(await far.get('k')).toBe('v2')
    await using two = createCache({ namespace: 'x', clock, tiers: [memory(), memory({ name: 'second' })] })
    await two.set('k', 'v')
    expect(two.peek('k')).toBe('v')
    expect(await two.get('k', { skip: ['memory'] })).toBe('v')
  })
})

test('close ends also when a tier hangs', async () => {
  const clock = fakeClock()
  const store = processStore({ clock })
  const tier = store.tier({ node: 'a' })
  tier.close = () => new Promise(() => {})
  const cache = createCache({ namespace: 'test', clock, tiers: [memory(), tier] })
  let closed = false
  const closing = cache.close().then(() => (closed = true))
  await clock.advance(1_000)
  expect(closed).toBe(false)
  await clock.advance(5_000)
  await closing
})
