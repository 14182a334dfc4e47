import { describe, expect, test } from 'vitest'
import { finish, oneNode, pair, Source } from '../rig.ts'

describe('removals and an outage of the store', () => {
  test('a removal that never reached the store is not acknowledged, and keeps its key away from there', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']])
    const read = (cache: typeof nodes.a) =>
      finish(
        nodes.clock,
        cache.getOrSet('k', () => source.load('k')),
      )
    await read(nodes.a)
    nodes.store.down('a')
    source.rows.set('k', 'v2')
    const receipt = await finish(nodes.clock, nodes.a.delete('k'))
    expect(receipt).toEqual({ confirmed: ['memory'], queued: ['store'], durable: [], bus: 'queued' })
    expect(await read(nodes.a)).toBe('v2')
    nodes.store.up('a')
    await nodes.clock.advance(2_000)
    expect(await read(nodes.b)).toBe('v2')
    expect(await read(nodes.a)).toBe('v2')
  })

  test('strict: it rejects, and is applied later all the same', async () => {
    await using node = oneNode({ invalidation: 'strict' })
    await node.cache.set('k', 'v1')
    node.store.down()
    await expect(finish(node.clock, node.cache.delete('k'))).rejects.toMatchObject({ code: 'REMOVAL_QUEUED' })
    node.store.up()
    await node.clock.advance(2_000)
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('a stalled store: the removal is queued after its deadline, and done when the store goes on', async () => {
    await using node = oneNode({ timeouts: { removal: 500 } })
    await node.cache.set('k', 'v1')
    node.tier.plan = { delete: 'hang' }
    const removal = node.cache.delete('k')
    await node.clock.advance(500)
    expect((await removal).queued).toEqual(['store'])
    expect(await node.cache.get('k')).toBeUndefined()
    node.tier.plan = {}
    node.tier.resume()
    await node.clock.advance(1_000)
    expect(node.cache.stats().tiers['store']?.queued).toBe(0)
    expect(await node.cache.get('k', { skip: ['memory'] })).toBeUndefined()
  })

  test('a tag removal that was queued holds in this process once it is applied, whatever was learnt meanwhile', async () => {
    await using node = oneNode({ timeouts: { removal: 500 } })
    const read = (key: string, value: string) => node.cache.getOrSet(key, () => value, { tags: ['t'] })
    await read('k', 'v1')
    node.tier.plan = { invalidate: 'drop' }
    expect((await node.cache.invalidateTags('t')).queued).toEqual(['store'])
    // Work with the tag goes on, and meets its old generation in the store.
    expect(await read('other', 'o1')).toBe('o1')
    expect(await read('k', 'v2')).toBe('v2')
    await node.cache.drain()
    node.tier.plan = {}
    await node.clock.advance(1_000)
    expect(node.cache.stats().tiers['store']?.queued).toBe(0)
    const loads: string[] = []
    const again = (key: string) =>
      node.cache.getOrSet(key, () => loads.push(key), { tags: ['t'], skip: ['memory'] })
    await again('k')
    await again('other')
    expect(loads).toEqual(['k', 'other'])
  })

  test('an open breaker does not drop removals', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v1')
    node.tier.plan = { lease: 'drop', read: 'drop', hello: 'drop' }
    for (const key of ['a', 'b']) await node.cache.getOrSet(key, () => 1)
    expect((await node.cache.health())['store'].state).toBe('down')
    expect((await node.cache.delete('k')).queued).toEqual(['store'])
    node.tier.plan = {}
    await node.clock.advance(3_000)
    expect(node.store.transcript('a')).toContain('delete =k')
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('a removal whose answer was lost is repeated: it does no harm', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v1')
    node.tier.plan = { delete: 'lose' }
    expect((await node.cache.delete('k')).queued).toEqual(['store'])
    node.tier.plan = {}
    await node.clock.advance(500)
    expect(node.cache.stats().tiers['store']?.queued).toBe(0)
  })

  test('the store comes back empty: leases are gone, fills are refused, nothing old appears', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const first = nodes.a.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    nodes.store.restart({ keep: 'nothing' })
    source.rows.set('k', 'v2')
    await finish(nodes.clock, nodes.b.delete('k'))
    source.release()
    await first
    await nodes.clock.advance(2_000)
    expect(await nodes.b.getOrSet('k', () => source.load('k'))).toBe('v2')
    expect(await nodes.a.getOrSet('k', () => source.load('k'))).toBe('v2')
  })

  test('the store comes back from an older snapshot: deleted values do not rise from the dead, in any process', async () => {
    await using nodes = await pair()
    await nodes.a.set('k', 'v1', { tags: ['t'] })
    await nodes.a.set('l', 'v1')
    const snapshot = nodes.store.snapshot()
    await nodes.a.invalidateTags('t')
    await nodes.b.delete('l')
    nodes.store.restart({ keep: snapshot })
    await nodes.clock.advance(2_000)
    for (const cache of [nodes.a, nodes.b]) {
      expect(await cache.getMany(['k', 'l'])).toEqual([undefined, undefined])
    }
  })

  test('reads go on while the store is away: no error, one deadline at the start, then loader time', async () => {
    await using node = oneNode({ timeouts: { tier: 50 } })
    await node.clock.settle()
    node.tier.plan = (verb) => (verb === 'hello' ? 'drop' : 'hang')
    const began = node.clock.now()
    await finish(node.clock, Promise.all([1, 2, 3].map((i) => node.cache.getOrSet(`a${i}`, () => i))))
    await finish(
      node.clock,
      node.cache.getOrSet('b', () => 1),
    )
    const opened = node.clock.now()
    expect(opened - began).toBeLessThanOrEqual(200)
    for (let i = 0; i < 100; i++) expect(await node.cache.getOrSet(`c${i}`, () => i)).toBe(i)
    expect(node.clock.now()).toBe(opened)
    expect(node.tier.hanging).toBeLessThanOrEqual(2)
  })

  test('the hard timeout covers the whole of a load, whatever the store does', async () => {
    await using node = oneNode({ timeouts: { hard: 300, tier: 50 } })
    await node.clock.settle()
    node.tier.plan = (verb) => (verb === 'hello' ? 'drop' : 'hang')
    const began = node.clock.now()
    const slow = node.cache.getOrSet('k', () => new Promise(() => {}))
    await expect(finish(node.clock, slow)).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    expect(node.clock.now() - began).toBeLessThanOrEqual(400)
  })

  test('a slow write to the store is not waited for, nor one that never ends', async () => {
    await using node = oneNode()
    node.tier.plan = (verb) => (verb === 'fill' ? 'hang' : undefined)
    expect(await node.cache.getOrSet('k', () => 'v')).toBe('v')
    expect(node.cache.peek('k')).toBe('v')
    node.tier.resume()
  })

  test("writes: 'await' waits for it", async () => {
    await using node = oneNode({ writes: 'await' })
    node.tier.plan = (verb) => (verb === 'fill' ? { delay: 30 } : undefined)
    const read = node.cache.getOrSet('k', () => 'v')
    await node.clock.advance(29)
    expect(node.store.transcript('a')).not.toContain('fill =k')
    await node.clock.advance(1)
    expect(await read).toBe('v')
    expect(node.store.transcript('a')).toContain('fill =k')
  })

  test('the journal is bounded: past its limit the whole namespace is cleared at return', async () => {
    await using node = oneNode()
    await node.cache.set('bystander', 'v')
    await node.cache.set('k1', 'v1')
    node.store.down()
    const keys = Array.from({ length: 10_001 }, (_, i) => `k${i}`)
    await finish(node.clock, node.cache.delete(...keys))
    expect(node.cache.stats().tiers['store']?.queued).toBe(1)
    node.store.up()
    await node.clock.advance(2_000)
    expect(node.store.transcript('a')).toContain('clear')
    expect(await node.cache.get('k1')).toBeUndefined()
    expect(await node.cache.get('bystander', { skip: ['memory'] })).toBeUndefined()
  })

  test('soft removals and tag invalidations that were queued are replayed as what they were', async () => {
    await using node = oneNode({ ttl: 60_000, swr: 60_000 })
    await node.cache.set('soft', 'v')
    await node.cache.set('tagged', 'v', { tags: ['t'] })
    node.store.down()
    await finish(node.clock, Promise.all([node.cache.expire('soft'), node.cache.invalidateTags('t')]))
    node.store.up()
    node.store.calls.length = 0
    await node.clock.advance(2_000)
    const transcript = node.store.transcript('a')
    expect(transcript).toContain('expire =soft')
    expect(transcript).toContain('invalidate t')
    expect(transcript.some((line) => line.startsWith('delete') || line === 'clear')).toBe(false)
    expect(await node.cache.get('soft', { skip: ['memory'] })).toBe('v')
    expect(await node.cache.get('tagged')).toBeUndefined()
  })

  test('a late removal replayed does not strike out one that came meanwhile', async () => {
    await using node = oneNode()
    node.store.down()
    await finish(node.clock, node.cache.delete('k'))
    node.store.up()
    node.tier.plan = (verb) => (verb === 'delete' ? { delayAnswer: 200 } : undefined)
    await node.clock.advance(100)
    const again = node.cache.delete('k')
    node.tier.plan = {}
    await finish(node.clock, again)
    await node.clock.advance(2_000)
    expect(node.cache.stats().tiers['store']?.queued).toBe(0)
  })

  test('the latency of the store is back as soon as it is: no long memory of the outage', async () => {
    await using node = oneNode()
    node.store.down()
    await node.clock.advance(60_000)
    node.store.up()
    await node.clock.advance(1_000)
    expect((await node.cache.health())['store']).toMatchObject({ state: 'up', error: undefined })
    await node.cache.getOrSet('k', () => 'v')
    await node.cache.drain()
    expect(await node.cache.get('k', { skip: ['memory'] })).toBe('v')
  })
})
