import { describe, expect, test } from 'vitest'
import { instruments } from '../src/index.ts'
import { measured, node, samplesOf } from './rig.ts'

const row = { cache_definition: 'row' }

describe('metrics', () => {
  test('hits by tier and state, misses by reason, loads', async () => {
    await using own = node({ ttl: 1_000, swr: 10_000 })
    const { read } = measured(own.cache)
    const byId = own.cache.define({ name: 'row', load: (id: number) => id })
    await byId(1)
    await byId(1)
    await own.cache.drain()
    await own.clock.advance(1_500)
    await byId(1)
    await own.cache.drain()
    expect(await read('cache_hits_total', { ...row, cache_tier: 'memory', cache_state: 'fresh' })).toBe(1)
    expect(await read('cache_hits_total', { ...row, cache_tier: 'store', cache_state: 'stale' })).toBe(1)
    expect(await read('cache_misses_total', { ...row, cache_reason: 'miss' })).toBe(1)
    expect(await read('cache_loads_total', row)).toBe(2)
    expect(await read('cache_load_duration_count', { ...row, cache_reason: 'swr' })).toBe(1)
    expect(await read('cache_hits_total', { cache_namespace: 'shop', ...row })).toBe(1)
  })

  test('keys that are text are counted under a name that no definition can have', async () => {
    await using own = node()
    const { read } = measured(own.cache)
    await own.cache.getOrSet('k', () => 1)
    expect(await read('cache_loads_total', { cache_definition: '(raw)' })).toBe(1)
  })

  test('a tier that is out of use, what waits for it, and its recovery', async () => {
    await using own = node()
    await own.clock.settle()
    const { read } = measured(own.cache)
    own.tier.plan = () => 'drop'
    for (const key of ['a', 'b', 'c']) await own.cache.getOrSet(key, () => 1)
    await own.cache.delete('a')
    const at = { cache_tier: 'store' }
    expect(await read('cache_breaker_state', at)).toBe(2)
    expect(await read('cache_breaker_opened_total', at)).toBe(1)
    expect(await read('cache_journal_length', at)).toBe(1)
    expect(await read('cache_tier_errors_total', at)).toBeGreaterThan(0)
    expect(await read('cache_tier_duration_count', { ...at, cache_outcome: 'error' })).toBeGreaterThan(0)
    own.tier.plan = {}
    await own.clock.advance(2_000)
    expect(await read('cache_breaker_state', at)).toBe(0)
    expect(await read('cache_journal_length', at)).toBe(0)
  })

  test('the bus, removals, and the lag of a feed', async () => {
    await using own = node()
    await own.clock.settle()
    let lag: number | undefined = 1_500
    const { read } = measured(own.cache, { feeds: { orders: () => lag } })
    await own.cache.delete('k')
    expect(await read('cache_bus_live', { cache_bus: 'store' })).toBe(1)
    expect(await read('cache_removals_total', { cache_origin: 'local' })).toBe(1)
    expect(await read('cache_feed_lag', { cache_feed: 'orders' })).toBe(1.5)
    lag = undefined
    expect(await read('cache_feed_lag', { cache_feed: 'orders' })).toBeNaN()
  })

  test('labels grow neither with keys nor with what is read', async () => {
    await using own = node()
    const { page } = measured(own.cache)
    const byId = own.cache.define({ name: 'row', load: (id: number) => id })
    await byId(0)
    await own.cache.get('key')
    await own.cache.drain()
    const before = samplesOf(await page.text()).length
    await byId.many(Array.from({ length: 300 }, (_, i) => i))
    for (let i = 0; i < 300; i++) await own.cache.get(`key ${i}`)
    await own.cache.drain()
    expect(samplesOf(await page.text())).toHaveLength(before)
  })

  test('after stopping, nothing is told any more', async () => {
    await using own = node()
    const { stop, page } = measured(own.cache)
    stop()
    expect(samplesOf(await page.text()).filter(({ name }) => name.startsWith('cache_'))).toEqual([])
  })

  test('an instrument has no attribute but those that its table names', async () => {
    await using own = node()
    const { page } = measured(own.cache, { feeds: { orders: () => 1 } })
    await own.cache.getOrSet('k', () => 1)
    const byName = new Map(
      Object.values(instruments).map(({ name, attributes }) => [
        name.replaceAll('.', '_'),
        attributes.map((attribute) => attribute.replaceAll('.', '_')),
      ]),
    )
    for (const { name, labels } of samplesOf(await page.text())) {
      if (!name.startsWith('cache_')) continue
      const known = byName.get(name.replace(/_(total|bucket|sum|count)$/, '')) ?? byName.get(name)
      const given = Object.keys(labels).filter((label) => !['otel_scope_name', 'le'].includes(label))
      expect({ name, labels: new Set(given) }).toEqual({
        name,
        labels: new Set(['cache_namespace', ...(known ?? [])]),
      })
    }
  })
})
