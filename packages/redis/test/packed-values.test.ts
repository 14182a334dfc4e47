import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Layout, restOf } from '../src/layout.ts'
import { nameInBody } from '../src/message.ts'
import { packNames } from '../src/packed-names.ts'
import { drawn, packEntries, packFills, stampAt } from '../src/packed-values.ts'
import { claimFence, encodeValue, leaseFence, lifeUntil } from '../src/stored.ts'

const wall = 1.7e12

interface Unpacked {
  name: string
  told?: string
  fence?: string
  life: string
  value: Buffer
}

/** As `fillAbsent` reads them: a name behind its length (u16), a life behind its (u8), a value behind its (u32). */
function unpacked(packed: Buffer): Unpacked[] {
  return read(packed, (take) => ({ name: text(take(2)), life: text(take(1)), value: take(4) }))
}

/** As `fill` reads them: what a message calls the name behind its length (u32), and the fence behind its (u8). */
function unpackedFills(packed: Buffer): Unpacked[] {
  return read(packed, (take) => {
    const name = text(take(2))
    const told = text(take(4))
    const fence = text(take(1))
    return { name, told, fence, life: text(take(1)), value: take(4) }
  })
}

function text(bytes: Buffer): string {
  return bytes.toString()
}

function read(packed: Buffer, one: (take: (lengthBytes: number) => Buffer) => Unpacked): Unpacked[] {
  const found: Unpacked[] = []
  let at = 0
  const take = (lengthBytes: number) => {
    const from = at + lengthBytes
    at = from + packed.readUIntBE(at, lengthBytes)
    return packed.subarray(from, at)
  }
  while (at < packed.length) found.push(one(take))
  return found
}

const key = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme', minLength: 150, maxLength: 700, size: 'max' }),
)

test('a stem and what follows it are the name of the entry', () => {
  const layout = new Layout('ts', 'shop', undefined)
  const epoch = '001abcdefghijklm'
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const packed = packNames(keys)
      const names: string[] = []
      for (let at = 0; at < packed.length;) {
        const end = at + 2 + packed.readUInt16BE(at)
        names.push(layout.stem(0, epoch) + packed.toString('utf8', at + 2, end))
        at = end
      }
      expect(names).toEqual(layout.entries(0, epoch, keys))
    }),
  )
})

test('each value comes with its own name, its own life and the stamp of its place', () => {
  const items = fc.array(
    fc.record({ key, bytes: fc.uint8Array({ maxLength: 20 }), life: fc.integer({ min: -5, max: 2 ** 40 }) }),
    { maxLength: 600, size: 'max' },
  )
  fc.assert(
    fc.property(items, (given) => {
      const writes = given.map(({ key: of, bytes, life }) => ({ key: of, bytes, expiresAt: wall + life }))
      const start = drawn()
      expect(unpacked(packEntries(writes, start, wall))).toEqual(
        writes.map(({ key: of, bytes, expiresAt }, i) => ({
          name: restOf(of),
          life: String(lifeUntil(expiresAt, wall)),
          value: encodeValue(stampAt(start, i), bytes),
        })),
      )
    }),
    { numRuns: 30 },
  )
})

test('a fill brings its fence, and its key where the name in the store is a hash', () => {
  const token = 'a'.repeat(16)
  const items = fc.array(fc.record({ key, bytes: fc.uint8Array({ maxLength: 20 }), claimed: fc.boolean() }), {
    maxLength: 600,
    size: 'max',
  })
  fc.assert(
    fc.property(items, (given) => {
      const fills = given.map(({ key: of, bytes, claimed }) => ({
        key: of,
        bytes,
        expiresAt: wall + 5_000,
        fence: claimed ? claimFence(token, token) : leaseFence(token),
      }))
      const start = drawn()
      expect(unpackedFills(packFills(fills, start, wall))).toEqual(
        fills.map(({ key: of, bytes, fence }, i) => ({
          name: restOf(of),
          told: restOf(of) === `:${of}` ? '' : nameInBody(of),
          fence,
          life: '5000',
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
  const [only] = unpacked(packEntries([{ key: 'k', bytes: Uint8Array.of(1), expiresAt }], drawn(), wall))
  expect(only?.life).toBe(life)
})

test('a buffer that was used before leaves nothing behind', () => {
  const entries = (count: number, fill: number) =>
    Array.from({ length: count }, (_, i) => ({
      key: `k${i}`,
      bytes: new Uint8Array(200 - fill).fill(fill),
      expiresAt: wall + 1_000,
    }))
  const start = drawn()
  const used = packEntries(entries(50, 7), start, wall)
  for (const items of [entries(40, 8), entries(50, 9), entries(600, 10)]) {
    const expected = Buffer.from(packEntries(items, start, wall))
    expect(Buffer.from(packEntries(items, start, wall, used))).toEqual(expected)
  }
})
