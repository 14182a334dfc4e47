import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import type { AuditRecord } from '../src/index.ts'
import { outcome } from './rig.ts'

function setUp(queue = 100) {
  const clock = fakeClock()
  const taken: AuditRecord[] = []
  const sink = { failing: false, hangs: false, calls: 0 }
  const cache = createCache({
    namespace: 'test',
    clock,
    jitter: false,
    tenant: true,
    tiers: [memory()],
    audit: {
      who: () => 'dr. house',
      queue,
      sink: async (records) => {
        sink.calls++
        if (sink.hangs) await new Promise(() => {})
        if (sink.failing) throw new Error('the log is down')
        taken.push(...records)
      },
    },
  })
  const patient = cache.define({ name: 'patient', audit: true, load: (id: number) => ({ id }) })
  const as = <R>(work: () => R) => cache.withTenant('ward', work)
  return { clock, taken, sink, cache, patient, as }
}

describe('a definition that asks for an audit', () => {
  test('has on record who did what with which entry, and where a read was answered', async () => {
    const { clock, taken, cache, patient, as } = setUp()
    await as(async () => {
      await patient(1)
      await patient(1)
      patient.peek(1)
      await patient.many([1, 2])
      await patient.set(3, { id: 3 })
      await patient.delete(1, 3)
      await patient.clear()
    })
    await clock.settle()
    expect(taken.map(({ action, tier }) => [action, tier])).toEqual([
      ['read', 'source'],
      ['read', 'memory'],
      ['peek', undefined],
      ['read', 'memory'],
      ['read', 'source'],
      ['set', undefined],
      ['delete', undefined],
      ['delete', undefined],
      ['clear', undefined],
    ])
    expect(taken[0]).toMatchObject({ who: 'dr. house', tenant: 'ward', definition: 'patient' })
    expect(taken[0]?.keyHash).toMatch(/^[\w-]{22}$/)
    expect([taken[0]?.keyHash === taken[1]?.keyHash, taken[0]?.keyHash === taken[4]?.keyHash]).toEqual([
      true,
      false,
    ])
    expect(JSON.stringify(taken)).not.toContain('n1')
    await cache.close()
  })

  test('loses nothing to a sink that fails, and comes to it again in order', async () => {
    const { clock, taken, sink, patient, as } = setUp()
    sink.failing = true
    for (const id of [1, 2, 3]) await as(() => patient(id))
    await clock.advance(1_000)
    expect(taken).toEqual([])
    expect(sink.calls).toBeGreaterThan(2)
    sink.failing = false
    await clock.advance(5_000)
    expect(taken).toHaveLength(3)
  })

  test('waits while the sink does not keep up, and peeks at nothing', async () => {
    const { clock, sink, taken, patient, as } = setUp(2)
    sink.failing = true
    await as(() => patient(1))
    await as(() => patient(2))
    const third = as(() => patient(3))
    expect(await outcome(third, clock)).toBe('pending')
    expect(as(() => patient.peek(1))).toBeUndefined()
    sink.failing = false
    await clock.advance(5_000)
    expect(await third).toEqual({ id: 3 })
    await clock.settle()
    expect(taken.map(({ action }) => action)).toEqual(['read', 'read', 'read'])
  })

  test('is refused where there is nobody to take the record', () => {
    const cache = createCache({ namespace: 'x', tiers: [memory()] })
    expect(() => cache.define({ name: 'a', audit: true, load: () => 1 })).toThrow(
      'Expected `audit` to be given to `createCache`, as the definition asks for it',
    )
  })
})
