import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Layout } from '../src/layout.ts'
import { gather, lighter, spread } from '../src/spread.ts'

const itself = (key: string) => key
const megabyte = 1_024 ** 2

test.each([1, 5])('what is divided among %d buckets comes back in the order of the input', (buckets) => {
  const layout = new Layout('ts', 'shop', buckets)
  const sizes = fc.array(fc.integer({ min: 0, max: 3 * megabyte }), { maxLength: 1_200, size: 'max' })
  fc.assert(
    fc.property(sizes, (given) => {
      const keys = given.map((size, i) => `${i}-${size}`)
      const parts = lighter(spread(layout, keys, itself), (key) => Number(key.split('-')[1]))
      const back = gather(parts, keys.length, (_, partAt, itemAt) => parts[partAt]?.items[itemAt])
      expect(back).toEqual(keys)
      expect(parts.every(({ items, places }) => items.length === places.length && items.length <= 500)).toBe(
        true,
      )
    }),
    { numRuns: 30 },
  )
})

test('a script takes 4 MB at most, or a single item', () => {
  const layout = new Layout('ts', 'shop', undefined)
  const sizes = [1, 3, 2, 2, 9, 1]
  const parts = lighter(spread(layout, sizes, String), (size) => size * megabyte)
  expect(parts.map(({ items }) => items)).toEqual([[1, 3], [2, 2], [9], [1]])
  expect(parts.map(({ places }) => places)).toEqual([[0, 1], [2, 3], [4], [5]])
})
