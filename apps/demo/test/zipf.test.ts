import { expect, test } from 'vitest'
import { seededRandom, zipf } from '../src/zipf.ts'

function frequencies(count: number, exponent: number, draws: number, seed: number): number[] {
  const draw = zipf(count, exponent, seededRandom(seed))
  const drawn = Array.from({ length: count }, () => 0)
  for (let i = 0; i < draws; i++) drawn[draw()]!++
  return drawn.map((n) => n / draws)
}

test('the same seed draws the same places', () => {
  const places = (seed: number): number[] => {
    const draw = zipf(1_000, 1.2, seededRandom(seed))
    return Array.from({ length: 50 }, draw)
  }
  expect(places(7)).toEqual(places(7))
  expect(places(7)).not.toEqual(places(8))
})

test('a place is drawn with a probability proportional to 1 / rank ^ exponent', () => {
  const shares = frequencies(100, 1.2, 200_000, 1)
  const total = shares.reduce((sum, _, place) => sum + (place + 1) ** -1.2, 0)
  for (const place of [0, 1, 4, 19, 99]) {
    expect(shares[place]).toBeCloseTo((place + 1) ** -1.2 / total, 2)
  }
})

test('an exponent of 0 draws all places alike', () => {
  for (const share of frequencies(10, 0, 100_000, 3)) expect(share).toBeCloseTo(0.1, 2)
})

test('every draw is a place that exists, the last one included', () => {
  expect(zipf(5, 1, () => 0)()).toBe(0)
  expect(zipf(5, 1, () => 1 - Number.EPSILON)()).toBe(4)
  expect(zipf(1, 1.2, seededRandom(1))()).toBe(0)
})

test('random numbers are from 0 to less than 1', () => {
  const random = seededRandom(-5)
  for (let i = 0; i < 10_000; i++) {
    const drawn = random()
    expect(drawn >= 0 && drawn < 1).toBe(true)
  }
})
