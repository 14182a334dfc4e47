import { expect, test } from 'vitest'
import { createQuestions, mix, roundPlace } from '../src/questions.ts'
import { rows } from './rows.ts'
import { seededRandom } from '../src/zipf.ts'

test('the shares of the endpoints add up to a hundred', () => {
  expect(Object.values(mix).reduce((sum, share) => sum + share, 0)).toBe(100)
})

test('endpoints are asked as often as the mix says', () => {
  const { ask } = createQuestions(rows, seededRandom(1))
  const asked: Record<string, number> = {}
  for (let i = 0; i < 20_000; i++) {
    const { endpoint } = ask()
    asked[endpoint] = (asked[endpoint] ?? 0) + 1
  }
  for (const [endpoint, share] of Object.entries(mix)) {
    expect((asked[endpoint] ?? 0) / 200).toBeCloseTo(share, -0.5)
  }
})

test('the first city is asked for most', () => {
  const { city } = createQuestions(rows, seededRandom(2))
  const drawn = Array.from({ length: 5_000 }, () => city().id)
  const times = (id: number): number => drawn.filter((other) => other === id).length
  expect(times(rows[0]!.id)).toBeGreaterThan(times(rows[1]!.id))
})

test('places are rounded to two decimals, without a negative zero', () => {
  expect(roundPlace({ lat: 48.85341, lon: 2.3488 })).toEqual({ lat: 48.85, lon: 2.35 })
  expect(Object.is(roundPlace({ lat: -0.001, lon: -0.001 }).lat, 0)).toBe(true)
})
