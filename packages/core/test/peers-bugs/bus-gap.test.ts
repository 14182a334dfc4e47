import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { eventTranscript, fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import { createCache } from '../../src/index.ts'
import type { Removal } from '../../src/index.ts'
import { pair, Source } from '../rig.ts'

describe('a bus that loses messages', () => {
  test('a removal while the bus is cut: nothing old is served after the bus is back', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']])
    await nodes.b.getOrSet('k', () => source.load('k'))
    const events = eventTranscript(nodes.b)
    nodes.bus.cut('b')
    source.rows.set('k', 'v2')
    await nodes.a.delete('k')
    nodes.bus.heal('b')
    expect(events.take()).toContain('bus:gap store')
    expect(nodes.b.peek('k')).toBeUndefined()
    expect(await nodes.b.getOrSet('k', () => source.load('k'))).toBe('v2')
  })

  test('nor while it is cut, past the time for which silence is trusted', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']])
    const read = () => nodes.b.getOrSet('k', () => source.load('k'))
    await read()
    nodes.bus.cut('b')
    source.rows.set('k', 'v2')
    await nodes.a.delete('k')
    await nodes.clock.advance(499)
    await nodes.clock.advance(2)
    expect(await read()).toBe('v2')
  })

  test('while it is cut, hot entries are asked for again behind their readers, and not loaded anew', async () => {
    await using nodes = await pair()
    const source = new Source([[1, 'v1']])
    const row = nodes.b.define({ name: 'row', ttl: '1m', load: (id: number) => source.load(id) })
    await row(1)
    await nodes.b.drain()
    nodes.bus.cut('b')
    for (let i = 0; i < 30; i++) {
      await nodes.clock.advance(100)
      expect(await row(1)).toBe('v1')
      await nodes.clock.settle()
    }
    expect(source.loads).toEqual([1])
  })

  test('a process that was stopped does not serve from memory before it hears from the bus', async () => {
    const clock = fakeClock()
    let stopped = 0
    const own = { ...clock, now: () => clock.now() + stopped }
    const bus = inProcessBus({ clock, silence: 500 })
    const store = processStore({ clock, bus })
    await using cache = createCache({
      namespace: 'test',
      clock: own,
      tiers: [memory(), store.tier({ node: 'a' })],
    })
    await cache.set('k', 'v')
    expect(cache.peek('k')).toBe('v')
    stopped = 600
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.get('k')).toBe('v')
  })

  test('a load joined while nobody vouches is a young one', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const first = nodes.b.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    nodes.bus.cut('b')
    source.rows.set('k', 'v2')
    await nodes.a.delete('k')
    await nodes.clock.advance(600)
    const second = nodes.b.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    source.release()
    await nodes.clock.settle()
    expect(await first).toBe('v1')
    expect(await second).toBe('v2')
  })

  test("onGap: 'flush' drops everything held locally", async () => {
    await using nodes = await pair({ onGap: 'flush' })
    await nodes.b.set('k', 'v')
    nodes.bus.cut('b')
    nodes.bus.heal('b')
    expect(nodes.b.stats().tiers['memory']?.size).toBe(0)
  })

  test('a load that was running when the bus was lost is not kept locally', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const first = nodes.b.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    nodes.bus.cut('b')
    source.rows.set('k', 'v2')
    await nodes.a.delete('k')
    nodes.bus.heal('b')
    source.release()
    await first
    await nodes.b.drain()
    expect(nodes.b.peek('k')).toBeUndefined()
  })

  test('memory and a bus, no remote tier: removals travel, a gap means loading anew', async () => {
    const clock = fakeClock()
    const bus = inProcessBus({ clock, silence: 500 })
    const node = (name: string) =>
      createCache({ namespace: 'test', clock, jitter: false, tiers: [memory()], bus: bus.connect(name) })
    await using a = node('a')
    await using b = node('b')
    for (const cache of [a, b]) await cache.getOrSet('k', () => 'v1')
    expect(await a.delete('k')).toEqual({ confirmed: ['memory'], queued: [], durable: [], bus: 'sent' })
    expect(b.peek('k')).toBeUndefined()
    await b.getOrSet('k', () => 'v2')
    bus.cut('b')
    const receipt = await b.delete('x')
    expect(receipt.bus).toBe('queued')
    bus.heal('b')
    expect(b.peek('k')).toBeUndefined()
    expect(await b.getOrSet('k', () => 'v3')).toBe('v3')
    await clock.advance(200)
    expect(b.stats().tiers).toEqual({ memory: expect.objectContaining({ queued: 0 }) as unknown })
  })

  test('there, a load that was running when messages were lost is kept nowhere', async () => {
    const clock = fakeClock()
    const bus = inProcessBus({ clock, silence: 500 })
    const node = (name: string) =>
      createCache({ namespace: 'test', clock, jitter: false, tiers: [memory()], bus: bus.connect(name) })
    await using a = node('a')
    await using b = node('b')
    const source = new Source([['k', 'v1']]).hold()
    const first = b.getOrSet('k', () => source.load('k'))
    await clock.settle()
    bus.cut('b')
    source.rows.set('k', 'v2')
    await a.delete('k')
    bus.heal('b')
    source.release()
    expect(await first).toBe('v1')
    expect(await b.getOrSet('k', () => source.load('k'))).toBe('v2')
  })

  test('messages carry names only: a forged one can cause a miss, never a value', async () => {
    await using nodes = await pair()
    await nodes.a.set('k', 'v')
    expect(await nodes.b.get('k')).toBe('v')
    const forged = { kind: 'keys', keys: ['=k'], soft: false, values: ['evil'] } as Removal
    nodes.bus.send('test', undefined, { kind: 'removal', removal: forged })
    expect(nodes.b.peek('k')).toBeUndefined()
    expect(await nodes.b.get('k')).toBe('v')
  })

  test('fills are not published: only removals travel', async () => {
    await using nodes = await pair()
    nodes.bus.delivery = 'manual'
    await nodes.a.getOrSet('k', () => 'v')
    await nodes.a.drain()
    expect(nodes.bus.pending).toBe(0)
  })

  test('clear and tag invalidations reach the memory of other processes', async () => {
    await using nodes = await pair()
    await nodes.a.set('k', 'v', { tags: ['t'] })
    expect(await nodes.b.get('k')).toBe('v')
    await nodes.a.invalidateTags('t')
    expect(nodes.b.peek('k')).toBeUndefined()
    await nodes.a.set('k', 'v')
    await nodes.b.get('k')
    await nodes.a.clear()
    expect(nodes.b.peek('k')).toBeUndefined()
    expect(await nodes.b.get('k')).toBeUndefined()
  })

  test('messages of another namespace are none of ours', async () => {
    await using nodes = await pair()
    await nodes.a.set('k', 'v')
    nodes.bus.send('other', undefined, { kind: 'removal', removal: { kind: 'all' } })
    expect(nodes.a.peek('k')).toBe('v')
  })
})
