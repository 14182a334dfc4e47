import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import { describe, expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import type { BusListener } from '../src/index.ts'
import { outcome } from './rig.ts'

/** A process that has just started: its bus is on its way, and vouches for nothing. */
function starting() {
  const clock = fakeClock()
  let listener: BusListener | undefined
  const cache = createCache({
    namespace: 'test',
    jitter: false,
    clock,
    tiers: [memory()],
    bus: {
      open: (host) => {
        listener = host.listener
      },
      publish: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
  })
  const loads: number[] = []
  const row = cache.define<number, string>({
    name: 'row',
    load: (id) => {
      loads.push(id)
      return `row ${id}`
    },
  })
  const joins = () => {
    listener?.gap()
    listener?.live(clock.now() + 60_000)
    return clock.settle()
  }
  const pages = [[[1, 'row 1'] as const], undefined]
  return { clock, cache, row, loads, joins, next: () => pages.shift() }
}

describe('warming right after the process started', () => {
  test.each(['inputs', 'rows'])(
    'begins once the bus vouches, so that what is warmed by %s stays',
    async (by) => {
      const { clock, cache, row, loads, joins, next } = starting()
      const warming = by === 'inputs' ? row.warm([1]) : row.warmRows(next)
      expect(await outcome(warming, clock)).toBe('pending')
      expect(loads).toEqual([])
      await joins()
      expect(await outcome(warming, clock)).toMatchObject({ loaded: 1, errors: [] })
      expect(row.peek(1)).toBe('row 1')
      await clock.advance(5_000)
      expect(row.peek(1)).toBe('row 1')
      await cache.close()
    },
  )

  test('goes on without a bus that does not come', async () => {
    const { clock, cache, row, loads } = starting()
    const warming = row.warm([1])
    await clock.advance(1_900)
    expect(loads).toEqual([])
    await clock.advance(100)
    expect(await outcome(warming, clock)).toMatchObject({ loaded: 1, ms: 2_000 })
    await cache.close()
  })

  test('ends at once when it is cancelled while it waits', async () => {
    const { clock, cache, row, loads } = starting()
    const stop = new AbortController()
    const warming = row.warm([1], { signal: stop.signal })
    expect(await outcome(warming, clock)).toBe('pending')
    stop.abort()
    expect(await outcome(warming, clock)).toMatchObject({ loaded: 0, skipped: 0, errors: [] })
    expect(loads).toEqual([])
    await cache.close()
  })

  test('keeps its rate from when it began, and not from when it was asked for', async () => {
    const { clock, cache, row, loads, joins } = starting()
    const warming = row.warm([1, 2, 3], { rate: 1 })
    await clock.advance(1_500)
    await joins()
    await clock.advance(500)
    expect(loads).toEqual([1])
    await clock.advance(2_000)
    expect(await outcome(warming, clock)).toMatchObject({ loaded: 3 })
    await cache.close()
  })
})
