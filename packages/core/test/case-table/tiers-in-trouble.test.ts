import { describe, expect, test } from 'vitest'
import { finish, oneNode, pair, Source } from '../rig.ts'

describe('case table: tiers in trouble', () => {
  test('a tier past its deadline: a miss for this read, write skipped, breaker informed, one `degraded` event per transition', async () => {
    await using node = oneNode({ timeouts: { tier: 50 } })
    await node.clock.settle()
    node.tier.plan = (verb) => (verb === 'hello' ? 'drop' : 'hang')
    const one = node.cache.getOrSet('one', () => 1)
    const two = node.cache.getOrSet('two', () => 2)
    await node.clock.advance(50)
    expect(await Promise.all([one, two])).toEqual([1, 2])
    expect(node.cache.stats().tiers['store']?.timeouts).toBe(1)
    const three = node.cache.getOrSet('three', () => 3)
    await node.clock.advance(50)
    expect(await three).toBe(3)
    for (const key of ['four', 'five']) await node.cache.getOrSet(key, () => 4)
    expect(node.events.lines.filter((line) => line.startsWith('degraded'))).toEqual([
      'degraded store timeout',
    ])
    expect(node.store.transcript().filter((line) => /fill|write/.test(line))).toEqual([])
    expect((await node.cache.health())['store'].state).toBe('down')
  })

  test('bus down or silent: local life capped at `suspectTtl`', async () => {
    await using nodes = await pair({ suspectTtl: 300 })
    const source = new Source([['k', 'old']])
    await nodes.b.getOrSet('k', () => source.load('k'))
    nodes.bus.cut('b')
    await nodes.clock.advance(500)
    await nodes.b.getOrSet('fresh', () => 'young')
    await nodes.clock.advance(200)
    expect(nodes.b.peek('fresh')).toBe('young')
    expect(nodes.b.peek('k')).toBeUndefined()
    await nodes.clock.advance(100)
    expect(nodes.b.peek('fresh')).toBeUndefined()
  })

  test('gap on the bus: entries are suspect and revalidated in batches on use, not flushed in a storm', async () => {
    await using nodes = await pair()
    const source = new Source(Array.from({ length: 50 }, (_, i) => [i, `v${i}`] as const))
    const row = nodes.b.define({ name: 'row', load: (id: number) => source.load(id) })
    const inputs = [...source.rows.keys()] as number[]
    await row.many(inputs)
    await nodes.b.drain()
    nodes.bus.cut('b')
    nodes.bus.heal('b')
    source.loads.length = 0
    nodes.store.calls.length = 0
    expect(row.peek(1)).toBeUndefined()
    expect(await row.many(inputs)).toEqual(inputs.map((i) => `v${i}`))
    expect(source.loads).toEqual([])
    const verbs = nodes.store.calls.filter(({ verb }) => verb === 'lease')
    expect(verbs.map(({ names }) => names.length)).toEqual([50])
    expect(row.peek(1)).toBe('v1')
  })

  test('undecodable or tampered frame: a miss and a `poisoned` event, never a throw, never a delete', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'good')
    node.tier.plan = { lease: 'corrupt', read: 'corrupt' }
    node.events.take()
    expect(await node.cache.getOrSet('k', () => 'loaded', { skip: ['memory'] })).toBe('loaded')
    expect(node.events.lines).toContain('poisoned store decode')
    node.tier.plan = {}
    expect(node.store.transcript()).not.toContain('a delete =k')
  })

  test('wrong-schema frame: a miss and a `poisoned` event', async () => {
    await using nodes = await pair()
    await nodes.a.define({ name: 'n', load: () => 'text' })('x')
    await nodes.a.drain()
    const poisoned: string[] = []
    nodes.b.on('poisoned', (e) => poisoned.push(`${e.tier} ${e.why} ${e.key()}`))
    const strict = nodes.b.define({
      name: 'n',
      load: () => 7,
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value: unknown) =>
            typeof value === 'number' ? { value } : { issues: [{ message: 'not a number' }] },
        },
      },
    })
    expect(await strict('x')).toBe(7)
    expect(poisoned).toEqual(['store schema #n@1:sx'])
  })

  test('value too large for a tier: skipped there, counted', async () => {
    await using node = oneNode({}, { maxValueBytes: 1_000 })
    const big = 'x'.repeat(2_000)
    expect(await node.cache.getOrSet('k', () => big)).toBe(big)
    await node.cache.drain()
    expect(node.cache.peek('k')).toBe(big)
    expect(node.events.lines).toContain('refused store too-large')
    expect(node.cache.stats().definitions['']?.refused).toBe(1)
    expect(await node.cache.get('k', { skip: ['memory'] })).toBeUndefined()
  })

  test('store restarted empty, or restored from an old snapshot: noticed, recent removals replayed before its data is trusted', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'old')
    const snapshot = node.store.snapshot()
    await node.cache.delete('k')
    node.store.restart({ keep: snapshot })
    await node.clock.advance(1_000)
    expect(await node.cache.get('k')).toBeUndefined()
    expect(await node.cache.getOrSet('k', () => 'new')).toBe('new')
    expect(node.events.lines).toContain('bus:gap store')
  })

  test('a removal that was queued during an outage is replayed before the tier is trusted', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'old')
    node.store.down()
    const receipt = await finish(node.clock, node.cache.delete('k'))
    expect(receipt.queued).toEqual(['store'])
    expect(await node.cache.getOrSet('k', () => 'new', { ttl: 0 })).toBe('new')
    node.store.up()
    node.store.calls.length = 0
    await node.clock.advance(2_000)
    expect(node.cache.stats().tiers['store']?.queued).toBe(0)
    const transcript = node.store.transcript('a')
    expect(transcript.indexOf('delete =k')).toBeGreaterThan(-1)
    expect(await node.cache.get('k')).toBeUndefined()
    expect((await node.cache.health())['store'].state).toBe('up')
  })

  test('a store that refuses writes (full, read-only): degraded, reported by name, reads go on', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'kept')
    node.tier.plan = { fill: 'drop', write: 'drop' }
    for (const key of ['a', 'b', 'c']) await node.cache.getOrSet(key, () => key)
    await node.cache.drain()
    expect(node.events.lines.filter((line) => line.startsWith('degraded'))).toEqual(['degraded store error'])
    expect(await node.cache.get('k', { skip: ['memory'] })).toBe('kept')
    node.tier.plan = {}
    await node.cache.getOrSet('d', () => 'd')
    await node.cache.drain()
    expect(node.events.lines).toContain('recovered store')
  })
})
