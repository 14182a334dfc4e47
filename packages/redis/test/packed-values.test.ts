import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawn, packValues, stampAt } from '../src/packed-values.ts'
import { encodeValue, lifeUntil } from '../src/stored.ts'

const wall = 1.7e12

/** As the script reads them: a life behind its length (u8), a value behind its length (u32). */
function unpacked(packed: Buffer): { life: string; value: Buffer }[] {
  const found: { life: string; value: Buffer }[] = []
  for (let at = 0; at < packed.length;) {
    const life = packed.toString('latin1', at + 1, at + 1 + (packed[at] as number))
    at += 1 + life.length
    const length = packed.readUInt32BE(at)
    found.push({ life, value: packed.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return found
}

test('each value comes with its own life and the stamp of its place', () => {
  const items = fc.array(
    fc.record({ bytes: fc.uint8Array({ maxLength: 20 }), life: fc.integer({ min: -5, max: 2 ** 40 }) }),
    { maxLength: 600, size: 'max' },
  )
  fc.assert(
    fc.property(items, (given) => {
      const writes = given.map(({ bytes, life }, i) => ({ key: `k${i}`, bytes, expiresAt: wall + life }))
      const start = drawn()
      expect(unpacked(packValues(writes, start, wall))).toEqual(
        writes.map(({ bytes, expiresAt }, i) => ({
          life: String(lifeUntil(expiresAt, wall)),
          value: encodeValue(stampAt(start, i), bytes),
        })),
      )
    }),
    { numRuns: 30 },
  )
})

test.each([
  [Number.POSITIVE_INFINITY, '0'],
  [wall, '1'],
  [wall + 9, '9'],
  [wall + 10, '10'],
  [Number.MAX_VALUE, '1000000000000000'],
])('a value that expires at %d lives for %s ms', (expiresAt, life) => {
  const [only] = unpacked(packValues([{ key: 'k', bytes: Uint8Array.of(1), expiresAt }], drawn(), wall))
  expect(only?.life).toBe(life)
})
