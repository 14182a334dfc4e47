import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock, processStore } from '@tierstack/cache-testing'
import { createCache } from '../../src/index.ts'
import { oneNode, pair, Source } from '../rig.ts'

describe('tags fail closed', () => {
  test.each(['user given', 'of a definition', 'of a namespace', 'of a pattern'])(
    'an evicted marker does not bring back what it had removed (%s)',
    async (kind) => {
      await using node = oneNode()
      const space = node.cache.namespace('ns')
      const cached = node.cache.define({ name: 'd', load: () => 'v' })
      const cases = {
        'user given': ['t', () => node.cache.set('k:1', 'v', { tags: ['t'] }), () => node.cache.get('k:1')],
        'of a definition': ['!d#d@1', () => cached(1), () => cached.entry(1)],
        'of a namespace': ['!nns', () => space.set('k', 'v'), () => space.get('k')],
        'of a pattern': ['!p=k:', () => node.cache.set('k:1', 'v'), () => node.cache.get('k:1')],
      } as const
      const [tag, put, get] = cases[kind as keyof typeof cases]
      await put()
      await node.cache.drain()
      node.near.clear()
      expect(await get()).toBeDefined()
      node.near.clear()
      expect(node.store.evict(tag)).toBe(true)
      await node.clock.advance(61_000)
      expect(await get()).toBeUndefined()
    },
  )

  test('nobody can vouch for the tags: a miss, not a hit', async () => {
    await using nodes = await pair()
    await nodes.a.set('k', 'v', { tags: ['t'] })
    nodes.store.evict('t')
    expect(await nodes.b.get('k')).toBeUndefined()
  })

  test('when they can not be asked either', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v', { tags: ['t'] })
    node.near.clear()
    await node.clock.advance(61_000)
    node.tier.plan = { tags: 'drop' }
    expect(await node.cache.get('k')).toBeUndefined()
    node.tier.plan = {}
    expect(await node.cache.get('k')).toBe('v')
  })

  test('an invalidation while a load runs keeps its result out; who stamps is the instant of its begin', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const read = (cache: typeof nodes.a) => cache.getOrSet('k', () => source.load('k'), { tags: ['t'] })
    const first = read(nodes.a)
    await nodes.clock.settle()
    source.rows.set('k', 'v2')
    await nodes.b.invalidateTags('t')
    const after = read(nodes.a)
    source.release()
    expect(await first).toBe('v1')
    expect(await after).toBe('v2')
    await nodes.a.drain()
    for (const cache of [nodes.a, nodes.b]) expect(await read(cache)).toBe('v2')
  })

  test('an invalidation that the loading process has not heard of yet keeps it out all the same', async () => {
    await using nodes = await pair()
    nodes.bus.delivery = 'manual'
    const source = new Source([['k', 'v1']]).hold()
    const first = nodes.a.getOrSet('k', () => source.load('k'), { tags: ['t'] })
    await nodes.clock.settle()
    await nodes.b.invalidateTags('t')
    source.release()
    await first
    await nodes.a.drain()
    expect(await nodes.b.get('k')).toBeUndefined()
    nodes.bus.deliver()
    expect(await nodes.a.get('k')).toBeUndefined()
  })

  test('a reader who came after the invalidation of a tag known only from the value does not get the load from before', async () => {
    await using nodes = await pair()
    const source = new Source([[1, { org: 7, v: 1 }]]).hold()
    const user = nodes.a.define({
      name: 'user',
      load: (id: number) => source.load(id),
      tags: (u) => [`org:${u.org}`],
    })
    const before = user(1)
    await nodes.clock.settle()
    source.rows.set(1, { org: 7, v: 2 })
    await nodes.b.invalidateTags('org:7')
    const after = user(1)
    source.release()
    expect((await before).v).toBe(1)
    expect((await after).v).toBe(2)
  })

  test('nor does one who came between two invalidations of it', async () => {
    await using node = oneNode()
    const source = new Source([[1, { org: 7, v: 1 }]])
    const cached = node.cache.define({ name: 'd', load: source.load, tags: ({ org }) => [`org:${org}`] })
    source.hold()
    const early = cached(1)
    await node.clock.settle()
    source.rows.set(1, { org: 7, v: 2 })
    await node.cache.invalidateTags('org:7')
    const between = cached(1)
    await node.clock.settle()
    await node.cache.invalidateTags('org:7')
    source.release()
    expect(await early).toEqual({ org: 7, v: 1 })
    expect(await between).toEqual({ org: 7, v: 2 })
  })

  test('clocks of the two hosts do not matter', async () => {
    await using nodes = await pair()
    nodes.clock.jumpWall(-5_000)
    await nodes.a.set('k', 'v1', { tags: ['t'] })
    nodes.clock.jumpWall(60_000)
    await nodes.b.invalidateTags('t')
    nodes.clock.jumpWall(-120_000)
    for (const cache of [nodes.a, nodes.b]) expect(await cache.get('k')).toBeUndefined()
  })

  test('a key in tags is no key in values: invalidating touches nothing else', async () => {
    await using node = oneNode()
    await node.cache.set('t', 'v')
    await node.cache.set('other', 'v', { tags: ['u'] })
    await node.cache.invalidateTags('t')
    expect(await node.cache.getMany(['t', 'other'])).toEqual(['v', 'v'])
  })

  test('a hit in memory costs no request for its tags; one in the store at most one for all of them', async () => {
    await using nodes = await pair()
    const tags = Array.from({ length: 20 }, (_, i) => `t${i}`)
    await nodes.a.set('k', 'v', { tags })
    nodes.store.calls.length = 0
    expect(await nodes.b.get('k')).toBe('v')
    expect(nodes.store.transcript('b')).toEqual(['read =k', `tags ${tags.join(' ')}`])
    nodes.store.calls.length = 0
    for (let i = 0; i < 10; i++) expect(await nodes.b.get('k')).toBe('v')
    expect(nodes.store.calls).toEqual([])
  })

  test('invalidating a tag with a thousand entries is one request', async () => {
    await using node = oneNode()
    await node.cache.setMany(
      Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i] as const),
      { tags: ['t'] },
    )
    node.store.calls.length = 0
    await node.cache.invalidateTags('t')
    expect(node.store.transcript('a')).toEqual(['invalidate t'])
    expect(await node.cache.has('k999')).toBe(false)
  })

  test('of several stores the one named by tagsAt keeps the generations, for all of them', async () => {
    const clock = fakeClock()
    const [host, fleet] = [processStore({ clock }), processStore({ clock })]
    await using cache = createCache({
      namespace: 'test',
      clock,
      tagsAt: 'fleet',
      tiers: [memory(), host.tier({ name: 'host' }), fleet.tier({ name: 'fleet' })],
    })
    await cache.set('k', 'v', { tags: ['t'] })
    expect(await cache.invalidateTags('t')).toMatchObject({ confirmed: ['fleet', 'memory'] })
    expect(host.transcript().filter((line) => line.includes('invalidate'))).toEqual([])
    for (const skip of [[], ['memory'], ['memory', 'host'], ['memory', 'fleet']] as const) {
      expect(await cache.get('k', { skip })).toBeUndefined()
    }
  })

  test('a tag whose invalidation is queued is not trusted', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v', { tags: ['t'] })
    node.tier.plan = { invalidate: 'drop' }
    const receipt = await node.cache.invalidateTags('t')
    expect(receipt.queued).toEqual(['store'])
    expect(await node.cache.get('k')).toBeUndefined()
    node.tier.plan = {}
    await node.clock.advance(1_000)
    expect(node.cache.stats().tiers['store']?.queued).toBe(0)
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test.each(['\uFEFFmark', 'with space', 'ünïcödé 🎈', 'new\nline', 'a'.repeat(512), '__proto__'])(
    'odd but valid tags work across processes (%j)',
    async (tag) => {
      await using nodes = await pair()
      await nodes.a.set('k', 'v', { tags: [tag] })
      expect(await nodes.b.get('k')).toBe('v')
      await nodes.a.invalidateTags(tag)
      expect(await nodes.b.get('k')).toBeUndefined()
    },
  )

  test.each([[''], ['!d#user@1'], ['\ud800'], ['a'.repeat(513)], [7 as unknown as string]])(
    'tags that can not be are refused wherever they come from (%j)',
    async (tag) => {
      await using node = oneNode()
      const refused = { code: 'INVALID_OPTION' }
      await expect(node.cache.invalidateTags(tag)).rejects.toMatchObject(refused)
      await expect(node.cache.set('k', 'v', { tags: [tag] })).rejects.toMatchObject(refused)
      await expect(node.cache.getOrSet('k', () => 'v', { tags: [tag] })).rejects.toMatchObject(refused)
      await expect(node.cache.getOrSet('l', (ctx) => ctx.tag(tag))).rejects.toMatchObject(refused)
      const cached = node.cache.define({ name: 'd', load: () => 1, tags: () => [tag] })
      await expect(cached(1)).rejects.toMatchObject(refused)
    },
  )

  test('a text in place of a list of tags is refused, not taken letter by letter', async () => {
    await using node = oneNode()
    const cached = node.cache.define({
      name: 'd',
      load: () => 1,
      tags: () => 'user:1' as unknown as string[],
    })
    await expect(cached(1)).rejects.toThrow('Expected `tags` to be a list of texts, got `"user:1"` (string)')
  })

  test('a load whose tags are refused gives its lease back', async () => {
    await using nodes = await pair()
    const bad = nodes.a.define({ name: 'd', load: () => 1, tags: () => [''], errorTtl: 0 })
    await expect(bad(1)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    const good = nodes.b.define({ name: 'd', load: () => 2 })
    expect(await good(1)).toBe(2)
    expect(nodes.clock.now()).toBe(1_000)
  })
})
