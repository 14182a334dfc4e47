import { describe, expect, test } from 'vitest'
import { median, sample } from '../src/measure.ts'
import { versionOf } from '../src/version-of.ts'
import { zipfRanks } from '../src/zipf.ts'

describe('median', () => {
  test('of an odd count is the middle one, of an even count the mean of the two', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})

describe('sample', () => {
  test('refuses a contestant that answers wrongly', async () => {
    const read = { kind: 'sync', read: () => 'other' } as const
    await expect(sample(read, ['k'], new Map([['k', 'stored']]))).rejects.toThrow(
      /Expected the stored value of k/,
    )
  })

  test('awaits an asynchronous contestant once per key', async () => {
    let reads = 0
    const read = { kind: 'async', read: () => Promise.resolve(++reads && 'v') } as const
    const keys = Array.from({ length: 150 }, () => 'k')
    await sample(read, keys, new Map([['k', 'v']]))
    // 100 checked, then all measured.
    expect(reads).toBe(250)
  })
})

test('zipf ranks are the same for the same seed, and lower ranks are drawn more often', () => {
  const ranks = zipfRanks(1_000, 0.99, 50_000, 7)
  expect(zipfRanks(1_000, 0.99, 50_000, 7)).toEqual(ranks)
  const counts = new Map<number, number>()
  for (const rank of ranks) counts.set(rank, (counts.get(rank) ?? 0) + 1)
  expect(counts.get(0)).toBeGreaterThan(2 * (counts.get(10) ?? 0))
  expect(Math.max(...ranks)).toBeLessThan(1_000)
})

test('the version of an installed package is found', () => {
  expect(versionOf('lru-cache')).toMatch(/^\d+\.\d+\.\d+/)
})
