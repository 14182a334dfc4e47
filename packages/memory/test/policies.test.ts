import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { policies } from '../src/policies.ts'
import type { PolicyName } from '../src/policies.ts'
import { AdaptiveModel, hashOf, LruModel, S3FifoModel, SieveModel, TinyLfuModel } from './policy-models.ts'
import type { Model } from './policy-models.ts'

const models: Record<PolicyName, () => Model> = {
  adaptive: () => new AdaptiveModel(),
  lru: () => new LruModel(),
  's3-fifo': () => new S3FifoModel(),
  sieve: () => new SieveModel(),
  'w-tinylfu': () => new TinyLfuModel(),
}

/** A policy driven as the tier drives it, keys given to slots as they become free. */
function driven(name: PolicyName, most: number) {
  const policy = policies[name]()
  policy.grow(most + 1)
  const slots = new Map<number, number>()
  const keys: (number | undefined)[] = Array.from({ length: most + 1 }, () => undefined)
  const remove = (key: number, evicted: boolean) => {
    const slot = slots.get(key) as number
    policy.remove(slot, evicted, hashOf(key))
    slots.delete(key)
    keys[slot] = undefined
  }
  return {
    held: slots,
    hit: (key: number) => policy.hit(slots.get(key) as number),
    remove: (key: number) => remove(key, false),
    /** Returns the key that had to go. */
    add(key: number): number | undefined {
      const slot = keys.indexOf(undefined)
      slots.set(key, slot)
      keys[slot] = key
      policy.add(slot, hashOf(key))
      if (slots.size <= most) return undefined
      const victim = keys[policy.victim()] as number
      remove(victim, true)
      return victim
    },
  }
}

describe.each(Object.keys(models) as PolicyName[])('%s', (name) => {
  test('gives up what a plain model of it gives up', () => {
    // Half of the steps ask for one of three keys: uses add up.
    const keys = fc.oneof(fc.nat(2), fc.nat(11))
    const steps = fc.array(fc.tuple(keys, fc.integer({ min: 0, max: 9 })), { minLength: 50, maxLength: 300 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 7 }), (given, most) => {
        const real = driven(name, most)
        const model = models[name]()
        for (const [key, chance] of given) {
          if (real.held.has(key)) {
            if (chance === 0) {
              real.remove(key)
              model.remove(key, false)
            } else {
              real.hit(key)
              model.hit(key)
            }
            continue
          }
          model.add(key)
          const gone = real.held.size >= most ? model.victim() : undefined
          expect(real.add(key)).toBe(gone)
          if (gone !== undefined) model.remove(gone, true)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a new entry stays at least until the next one comes', () => {
    const real = driven(name, 20)
    for (let key = 0; key < 20; key++) {
      real.add(key)
      real.hit(key)
    }
    for (let key = 20; key < 200; key++) expect(real.add(key)).not.toBe(key)
  })
})

/** Hits in a row of keys. */
function hits(name: PolicyName, most: number, row: Iterable<number>): number {
  const real = driven(name, most)
  let count = 0
  for (const key of row) {
    if (!real.held.has(key)) real.add(key)
    else {
      real.hit(key)
      count++
    }
  }
  return count
}

describe('what the default is for', () => {
  test('a loop larger than the tier finds most of what fits', () => {
    const loop = Array.from({ length: 20_000 }, (_, i) => i % 250)
    expect(hits('lru', 100, loop)).toBe(0)
    expect(hits('adaptive', 100, loop)).toBeGreaterThan(20_000 * 0.3)
  })

  test('a walk over everything leaves what is used again where it is', () => {
    const row = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? (i / 2) % 50 : 1_000 + i))
    expect(hits('lru', 80, row)).toBe(0)
    expect(hits('adaptive', 80, row)).toBeGreaterThan(9_000)
  })

  test('popularity that drifts is followed about as well as by recency alone', () => {
    let state = 7
    const random = () => (state = Math.imul(state, 48_271) & 0x7fff_ffff) / 0x8000_0000
    const row = Array.from({ length: 60_000 }, (_, i) => Math.floor(500 ** random()) - 1 + Math.floor(i / 32))
    const misses = (name: PolicyName) => row.length - hits(name, 400, row)
    expect(misses('adaptive')).toBeLessThan(misses('lru') * 1.06)
  })

  test('what is popular for a while makes room when another row of keys is', () => {
    const row = Array.from({ length: 20_000 }, (_, i) => Math.floor(i / 5_000) * 100 + (i % 80))
    expect(hits('adaptive', 100, row)).toBeGreaterThan(hits('lru', 100, row) * 0.97)
  })
})
