import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import { Failures } from '../../src/failures.ts'
import { RemovalFence } from '../../src/fence.ts'
import { FillWatch } from '../../src/fill-watch.ts'
import { memoryNode, oneNode, Source } from '../rig.ts'

describe('nothing grows with keys, users or time', () => {
  test('memory is bounded by entries and by bytes', async () => {
    await using node = memoryNode({}, memory({ maxEntries: 100, maxBytes: '64kb' }))
    for (let i = 0; i < 1_000; i++) await node.cache.set(`k${i}`, 'x'.repeat(100))
    const { size = 0, bytes = 0 } = node.cache.stats().tiers['memory'] ?? {}
    expect(size).toBeLessThanOrEqual(100)
    expect(bytes).toBeLessThanOrEqual(65_536)
    expect(node.events.lines).toContain('evict memory size')
  })

  test('flights and timers are gone with their loads', async () => {
    await using node = oneNode()
    await node.clock.settle()
    const before = node.clock.pending
    const source = new Source()
    source.failing = new Error('away')
    for (let i = 0; i < 50; i++) await node.cache.getOrSet(`k${i}`, () => source.load(i)).catch(() => {})
    await node.cache.drain()
    expect(node.clock.pending).toBe(before)
  })

  test('failures are remembered for ten thousand keys at most', () => {
    const clock = fakeClock()
    const failures = new Failures(clock, new RemovalFence(() => clock.now()))
    for (let i = 0; i < 10_001; i++) failures.note(`k${i}`, 'away', 1_000)
    expect(failures.recent('k0')).toBeUndefined()
    expect(failures.recent('k10000')?.error).toBe('away')
  })

  test('a fence has slots, not keys: collisions cause a look too many, never one too few', () => {
    const fence = new RemovalFence(() => 0)
    for (let i = 0; i < 20_000; i++) fence.removeKey(`k${i}`)
    const since = fence.sequence
    fence.removeKey('a')
    expect(fence.keyRemoved('a', since)).toBe(true)
    expect(fence.keyRemoved('a', fence.sequence)).toBe(false)
    fence.clear()
    expect(fence.keyRemoved('anything', since)).toBe(true)
  })

  test('who waits for a fill is woken by one that was announced before the wait, and not by older ones', async () => {
    const clock = fakeClock()
    const fills = new FillWatch(clock)
    fills.ended('k')
    const moment = fills.moment()
    let woken = false
    void fills.wait('k', moment, 100).then(() => {
      woken = true
    })
    await clock.settle()
    expect(woken).toBe(false)
    fills.ended('k')
    await clock.settle()
    expect(woken).toBe(true)
    await fills.wait('k', moment, 100)
    for (let i = 0; i < 2_001; i++) fills.ended(`k${i}`)
    const late = fills.wait('k', moment, 100)
    await clock.advance(100)
    await late
    expect(clock.pending).toBe(0)
  })
})
