import { fakeClock, localContract, localEntry } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { memory } from '../src/index.ts'
import type { MemoryOptions } from '../src/index.ts'

const overhead = 100

function opened(options: MemoryOptions = {}, clock: FakeClock = fakeClock({ now: 0 })) {
  const evicted: string[] = []
  const tier = memory(options)
  tier.open({ clock, evicted: (key, cause) => evicted.push(`${key()} ${cause}`) })
  return { tier, evicted, clock }
}

describe('a memory tier', () => {
  localContract(() => memory(), { test })
})

describe('what entries share', () => {
  test('each entry keeps the instant since which it is vouched for, whatever those before it had', () => {
    const { tier } = opened()
    const instants = { a: [10, 10], b: [20, 20], c: [5, 30], d: [7, 30], e: [30, 31], f: [31, 31] } as const
    for (const [key, [createdAt, vouchedAt]] of Object.entries(instants))
      tier.set(key, localEntry(key, { createdAt, vouchedAt }))
    for (const [key, [createdAt, vouchedAt]] of Object.entries(instants))
      expect(tier.get(key)).toMatchObject({ createdAt, vouchedAt })
  })
})

describe('bounds', () => {
  test('the entry not used for the longest time goes when there are too many', () => {
    const { tier, evicted } = opened({ maxEntries: 3, policy: 'lru' })
    for (const key of ['a', 'b', 'c']) tier.set(key, localEntry(key))
    tier.get('a')
    tier.inspect('b')
    tier.set('d', localEntry('d'))
    expect([...tier.keys()].toSorted()).toEqual(['a', 'c', 'd'])
    expect(evicted).toEqual(['b size'])
  })

  test('as many entries go as are needed for the bytes of a new one', () => {
    const { tier, evicted } = opened({ maxBytes: 3 * (overhead + 100 + 2) })
    for (const key of ['a', 'b', 'c']) tier.set(key, localEntry(key, { bytes: 100 }))
    expect(tier.bytes).toBe(3 * (overhead + 100 + 2))
    tier.set('d', localEntry('d', { bytes: 101 }))
    expect(evicted).toEqual(['a size', 'b size'])
    expect(tier.bytes).toBe(2 * (overhead + 2) + 100 + 101)
  })

  test('a key counts with two bytes a character', () => {
    const { tier } = opened()
    tier.set('x'.repeat(1_000), localEntry(1, { bytes: 0 }))
    expect(tier.bytes).toBe(2_000 + overhead)
  })

  test('an entry larger than the tier is not kept, costs no other its place, and takes the old one away', () => {
    const { tier, evicted } = opened({ maxBytes: '1kb' })
    tier.set('a', localEntry('a'))
    tier.set('b', localEntry('old'))
    expect(tier.set('b', localEntry('new', { bytes: 1_024 }))).toBe(false)
    expect([...tier.keys()]).toEqual(['a'])
    expect(evicted).toEqual([])
  })

  test('an entry that grows when it is replaced makes room', () => {
    const { tier, evicted } = opened({ maxBytes: 1_200 })
    tier.set('a', localEntry('a'))
    tier.set('b', localEntry('b'))
    tier.set('b', localEntry('b', { bytes: 1_000 }))
    expect(evicted).toEqual(['a size'])
    expect([tier.size, tier.bytes]).toEqual([1, 1_000 + 2 + overhead])
  })

  test('without limits nothing is evicted', () => {
    const { tier, evicted } = opened({ maxEntries: Infinity, maxBytes: Infinity })
    for (let i = 0; i < 5_000; i++) tier.set(`k${i}`, localEntry(i, { bytes: 1_000_000 }))
    expect([tier.size, evicted.length]).toEqual([5_000, 0])
  })

  test('a tier that was cleared fills up again', () => {
    const { tier } = opened()
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 1_000 >> round; i++) tier.set(`k${i}`, localEntry(i))
      expect(tier.size).toBe(1_000 >> round)
      tier.clear()
    }
  })

  test('with one entry allowed, the last one set is kept', () => {
    const { tier } = opened({ maxEntries: 1 })
    for (const key of ['a', 'b', 'c']) tier.set(key, localEntry(key))
    expect([...tier.keys()]).toEqual(['c'])
  })
})

describe('the sweep', () => {
  const until = (instant: number) =>
    localEntry(1, { freshUntil: 0, staleUntil: instant, errorUntil: instant - 1 })

  test('entries past every window are freed although nobody asks for them', async () => {
    const { tier, evicted, clock } = opened()
    tier.set('short', until(500))
    tier.set('error window', localEntry(1, { freshUntil: 0, staleUntil: 0, errorUntil: 10_000 }))
    tier.set('ever', localEntry(1))
    await clock.advance(1_000)
    expect(evicted).toEqual(['short expired'])
    await clock.advance(10_000)
    expect(evicted).toEqual(['short expired', 'error window expired'])
    expect([...tier.keys()]).toEqual(['ever'])
  })

  test('an entry at its last instant is kept', async () => {
    const { tier, clock } = opened()
    tier.set('k', until(1_000))
    await clock.advance(1_000)
    expect(tier.size).toBe(1)
    await clock.advance(1_000)
    expect(tier.size).toBe(0)
  })

  test('a timer exists only while there are entries', async () => {
    const { tier, clock } = opened()
    expect(clock.pending).toBe(0)
    tier.set('a', localEntry(1))
    tier.set('b', localEntry(1))
    expect(clock.pending).toBe(1)
    tier.delete('a')
    tier.delete('b')
    expect(clock.pending).toBe(0)
    tier.set('c', localEntry(1))
    tier.clear()
    expect(clock.pending).toBe(0)
    tier.set('d', until(10))
    await clock.advance(1_000)
    expect([tier.size, clock.pending]).toEqual([0, 0])
  })

  test('no tick looks at more than a thousand entries, and ticks follow at once while many had expired', async () => {
    const { tier, clock } = opened()
    for (let i = 0; i < 5_000; i++) tier.set(`k${i}`, until(10))
    await clock.advance(1_000)
    expect(tier.size).toBe(4_000)
    await clock.advance(40)
    expect(tier.size).toBe(0)
  })

  test('expired entries are found among many that last, round by round', async () => {
    const { tier, clock } = opened()
    for (let i = 0; i < 3_000; i++) tier.set(`k${i}`, i === 2_900 ? until(10) : localEntry(i))
    await clock.advance(2_000)
    expect(tier.size).toBe(3_000)
    await clock.advance(1_000)
    expect(tier.size).toBe(2_999)
    tier.set('late', until(3_100))
    await clock.advance(4_000)
    expect(tier.size).toBe(2_999)
    expect(clock.pending).toBe(1)
  })

  test('a listener that stores again while the sweep reports does not start a second one', async () => {
    const clock = fakeClock({ now: 0 })
    const tier = memory()
    tier.open({ clock, evicted: () => tier.set('again', localEntry(1)) })
    tier.set('k', until(10))
    await clock.advance(1_000)
    expect([tier.size, clock.pending]).toEqual([1, 1])
  })
})

describe('options', () => {
  test('the name is a literal type', () => {
    expectTypeOf(memory().name).toEqualTypeOf<'memory'>()
    expectTypeOf(memory({ maxEntries: 5 }).name).toEqualTypeOf<'memory'>()
    expectTypeOf(memory({ name: 'near', maxBytes: '1mb' }).name).toEqualTypeOf<'near'>()
    expect(memory().name).toBe('memory')
    expect(memory({ name: 'near' }).name).toBe('near')
  })

  test.each([
    [{ maxEntries: -1 }, 'Expected `maxEntries` to be a positive integer or Infinity, got `-1` (number)'],
    [{ maxEntries: 1.5 }, 'Expected `maxEntries` to be a positive integer or Infinity, got `1.5` (number)'],
    [
      { maxEntries: Number.NaN },
      'Expected `maxEntries` to be a positive integer or Infinity, got `NaN` (number)',
    ],
    [{ maxBytes: 0 }, 'Expected `maxBytes` to be bytes'],
    [{ maxBytes: '64 mb' }, 'Expected `maxBytes` to be bytes'],
    [
      { policy: 'fifo' },
      "Expected `policy` to be one of 'adaptive', 'lru', 's3-fifo', 'sieve', 'w-tinylfu', got `\"fifo\"` (string)",
    ],
    [{ name: '' }, 'Expected `name` to be a non-empty string'],
    [{ maxEntrys: 5 }, 'did you mean `maxEntries`?'],
    [null, 'Expected `memory options` to be an object of options'],
  ])('%j is refused with a sentence', (options, sentence) => {
    expect(() => memory(options as never)).toThrow(sentence)
  })
})
