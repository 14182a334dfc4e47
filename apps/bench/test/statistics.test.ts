import { describe, expect, test } from 'vitest'
import { Results } from '../src/results.ts'
import { median, percentile, spread } from '../src/statistics.ts'
import { zipfRanks } from '../src/zipf.ts'

describe('median', () => {
  test('of an odd count is the middle one, of an even count the mean of the two', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})

test('the spread is the distance of the quartiles over the median, whatever the outliers', () => {
  expect(spread([10, 10, 10, 10, 1_000])).toBe(0)
  expect(spread([8, 9, 10, 11, 12])).toBeCloseTo(0.2)
})

test('a percentile is a number that occurs', () => {
  expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3)
  expect(percentile([1, 2], 1)).toBe(2)
})

describe('ratios', () => {
  const played = (name: string, values: readonly number[]) => ({
    name,
    version: '1',
    note: '',
    error: undefined,
    samples: values.map((value) => ({ kase: { ns: value } })),
  })

  test('are taken inside a round: what slows the machine down for a round concerns both', () => {
    const results = new Results([played('a', [10, 100, 20]), played('b', [20, 200, 40])], 3)
    expect(results.ratio('b', 'kase', 'ns', 'a')).toBe(2)
  })

  test('of somebody who did not play are no number', () => {
    const results = new Results([played('a', [10]), played('b', [])], 1)
    expect(results.ratio('b', 'kase', 'ns', 'a')).toBeNaN()
    expect(results.has('b', 'kase', 'ns')).toBe(false)
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
