import fc from 'fast-check'
import { expect, test } from 'vitest'
import { msgpack } from '../src/index.ts'
import { notPlain, readPlain } from '../src/plain-reader.ts'

const encode = (value: unknown) => msgpack().encode(value)
const read = (bytes: Uint8Array) => readPlain(Buffer.from(bytes))
const plain = fc.anything({ withDate: true, withNullPrototype: false, maxDepth: 4 })

test('what is plain comes back the same, and anything else is left to the other reader', () => {
  let read1 = 0
  fc.assert(
    fc.property(plain, (value) => {
      let bytes: Uint8Array
      try {
        bytes = encode(value)
      } catch {
        return
      }
      const back = read(bytes)
      if (back === notPlain) return
      read1++
      expect(back).toStrictEqual(value)
    }),
    { numRuns: 2_000 },
  )
  expect(read1).toBeGreaterThan(500)
})

test('rows are plain, whatever their shapes, also when a shape is met often', () => {
  for (let i = 0; i < 10; i++) {
    const row = {
      id: i,
      name: `é ${i}`,
      price: i / 7,
      since: new Date(1.7e12 + i),
      tags: ['a', null, true],
      in: { n: -1 - i },
    }
    expect(read(encode([row, row, { ...row, id: -1 }]))).toStrictEqual([row, row, { ...row, id: -1 }])
  }
})

test('bytes that are cut, go on, or were changed are never more than not plain', () => {
  const bytes = encode([
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ])
  for (let length = 0; length < bytes.length; length++) expect(read(bytes.subarray(0, length))).toBe(notPlain)
  expect(read(Buffer.concat([bytes, Buffer.of(0)]))).toBe(notPlain)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(bytes)
      changed[at] = byte
      read(changed)
    }),
  )
})

test('a name that would change a prototype is not plain', () => {
  // One record of one field.
  const bytes = Buffer.concat([Buffer.from('d4724091a9', 'hex'), Buffer.from('__proto__'), Buffer.of(0x80)])
  expect(read(bytes)).toBe(notPlain)
})

test('texts come back wherever they lie in a long value, and whatever they are made of', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.nat(2_100).map((length) => 'x'.repeat(length)),
  )
  fc.assert(
    fc.property(fc.array(text, { minLength: 30, maxLength: 120 }), (texts) => {
      expect(read(encode(texts))).toStrictEqual(texts)
    }),
    { numRuns: 100 },
  )
})

test('more shapes than are worth keeping are left to the other reader', () => {
  const rows = Array.from({ length: 1_200 }, (_, i) => ({ [`name${i}`]: i, [`other${i}`]: [i] }))
  const bytes = encode(rows)
  expect(read(bytes)).toBe(notPlain)
  expect(msgpack().decode(bytes)).toStrictEqual(rows)
})
