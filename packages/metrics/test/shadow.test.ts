import { describe, expect, test } from 'vitest'
import { shadow } from '../src/index.ts'
import type { ShadowOptions } from '../src/index.ts'
import { metricsPage } from '../src/prometheus.ts'
import { node, samplesOf } from './rig.ts'

function shadowed(options: ShadowOptions<{ n: number }> = {}) {
  const own = node()
  const page = metricsPage()
  const rows = new Map([[1, { n: 1 }]])
  const loads: number[] = []
  const row = own.cache.define({
    name: 'row',
    load(id: number) {
      loads.push(id)
      const found = rows.get(id)
      if (!found) throw new Error('no such row')
      return found
    },
  })
  const { meterProvider } = page
  const read = shadow(own.cache, row, { share: 1, settleMs: 0, meterProvider, ...options })
  /** Reads, and lets the comparison behind it end. */
  const settled = async () => {
    await read(1)
    while (read.shadow().running > 0) await new Promise((next) => setImmediate(next))
  }
  return { ...own, page, rows, loads, row, read, settled }
}

describe('shadow', () => {
  test('a hit that equals the source is the same', async () => {
    await using own = shadowed()
    await own.row(1)
    own.rows.set(1, { n: 1 })
    await own.settled()
    expect(own.read.shadow()).toMatchObject({ compared: 1, stale: 0, staleRatio: 0 })
    expect(own.loads).toEqual([1, 1])
  })

  test('a change that nobody invalidated is stale, with its age, and stays what readers get', async () => {
    await using own = shadowed()
    await own.row(1)
    await own.clock.advance(5_000)
    own.rows.set(1, { n: 2 })
    await own.settled()
    expect(own.read.shadow()).toMatchObject({ compared: 1, stale: 1, staleRatio: 1, meanAgeMs: 5_000 })
    expect(await own.row(1)).toEqual({ n: 1 })
    const samples = samplesOf(await own.page.text())
    const stale = samples.find(
      ({ name, labels }) => name === 'cache_shadow_compared_total' && labels['cache_outcome'] === 'stale',
    )
    expect(stale).toMatchObject({ value: 1, labels: { cache_definition: 'row', cache_namespace: 'shop' } })
    expect(samples.find(({ name }) => name === 'cache_shadow_age_sum')?.value).toBe(5)
  })

  test('a change whose removal was on its way is not held against the cache', async () => {
    await using own = shadowed({ settleMs: 300 })
    await own.row(1)
    own.rows.set(1, { n: 2 })
    const settled = own.settled()
    await own.row.delete(1)
    await settled
    expect(own.read.shadow()).toMatchObject({ compared: 0, overtaken: 1, stale: 0 })
  })

  test('a miss is nothing to compare', async () => {
    await using own = shadowed()
    await own.settled()
    expect(own.read.shadow().compared).toBe(0)
    expect(own.loads).toEqual([1])
  })

  test('a source that fails breaks no read', async () => {
    await using own = shadowed()
    await own.row(1)
    own.rows.clear()
    await own.settled()
    expect(own.read.shadow()).toMatchObject({ compared: 0, failed: 1 })
  })

  test('a share of the reads is compared', async () => {
    let state = 1
    // A fixed sequence (Park and Miller's), so that the count is the same each time.
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    await using own = shadowed({ share: 0.1, concurrency: 1_000, random })
    await own.row(1)
    for (let i = 0; i < 1_000; i++) await own.read(1)
    await own.settled()
    expect(own.read.shadow().compared).toBeGreaterThan(60)
    expect(own.read.shadow().compared).toBeLessThan(140)
  })

  test('everything else is the definition', async () => {
    await using own = shadowed()
    expect(own.read.keyFor(1)).toBe(own.row.keyFor(1))
    expect(() => shadow(own.cache, own.read, {})).toThrow(/a definition of this cache/)
  })
})
