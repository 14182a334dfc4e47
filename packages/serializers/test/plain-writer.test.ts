import fc from 'fast-check'
import { Packr } from 'msgpackr/pack'
import { expect, test } from 'vitest'
import { msgpack } from '../src/index.ts'
import { writePlain, writePlainInto } from '../src/plain-writer.ts'
import { same } from './same.ts'
import { anyData } from './values.ts'

const packr = new Packr({ useRecords: true, moreTypes: true, useToJSON: false })
/** A copy: what msgpackr writes lies in a buffer that it shares among values. */
const packed = (value: unknown) => Buffer.from(packr.pack(value))

const rows = fc.array(
  fc.record(
    {
      id: fc.integer(),
      name: fc.string({ unit: 'grapheme', maxLength: 100 }),
      // Without -0, which is not plain.
      price: fc.double().map((price) => price + 0),
      stock: fc.maxSafeInteger(),
      since: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
      open: fc.boolean(),
      of: fc.oneof(
        fc.constant(null),
        fc.record({ id: fc.integer() }, { noNullPrototype: true }),
        fc.array(fc.string()),
      ),
    },
    { requiredKeys: ['id'], noNullPrototype: true },
  ),
)

test('what is plain is written byte for byte as msgpackr writes it', () => {
  let written = 0
  fc.assert(
    fc.property(fc.oneof(rows, anyData), (value) => {
      const bytes = writePlain(value)
      if (bytes === undefined) return
      written++
      expect(Buffer.from(bytes).equals(packed(value))).toBe(true)
      expect(same(msgpack().decode(bytes), value)).toBe(true)
    }),
    { numRuns: 3_000 },
  )
  expect(written).toBeGreaterThan(500)
})

test.each([
  ['rows', [{ id: 1, name: 'a', price: 0.5, gone: null, since: new Date(1.7e12) }]],
  ['a row in a row of the same shape', { id: 1, in: { id: 2, in: { id: 3, in: null } } }],
  ['texts of all lengths', [0, 31, 32, 63, 64, 255, 256, 65_535, 65_536].map((n) => 'x'.repeat(n))],
  ['wide texts of all lengths', [0, 10, 16, 31, 63, 64, 127, 128, 40_000].map((n) => 'é😀'.repeat(n))],
  [
    'whole numbers',
    [-(2 ** 31), -129, -128, -33, -32, -1, 0, 63, 64, 255, 256, 65_536, 2 ** 32 - 1, 2 ** 53],
  ],
  ['arrays of all lengths', [0, 15, 16, 65_536].map((length) => Array.from({ length }, (_, i) => i))],
  ['a value longer than a chunk', Array.from({ length: 5_000 }, (_, id) => ({ id, name: `name ${id}` }))],
])('%s are plain', (_, value) => {
  const bytes = writePlain(value)
  expect(bytes).toBeDefined()
  expect(Buffer.from(bytes as Uint8Array).equals(packed(value))).toBe(true)
})

const cycle: unknown[] = []
cycle.push({ in: cycle })
const withSymbol = { id: 1, [Symbol('s')]: 1 }
const beside = Object.assign([1], { more: 2 })

test.each<[string, unknown]>([
  ['undefined', { a: undefined }],
  ['-0', [-0]],
  ['a bigint', 1n],
  ['a Map', new Map()],
  ['bytes', Buffer.from('a')],
  ['an object without a prototype', Object.create(null)],
  [
    'an instance',
    new (class Row {
      readonly id = 1
    })(),
  ],
  ['an enumerable symbol', withSymbol],
  ['an array with holes', new Array(3)],
  ['an array with a name beside its items', beside],
  ['a date with a name', Object.assign(new Date(0), { more: 1 })],
  ['an invalid date', new Date(Number.NaN)],
  ['what only inherits from Date', Object.create(Date.prototype)],
  ['a lone surrogate', `${'x'.repeat(100)}\ud800`],
  ['a byte order mark', `\ufeff${'x'.repeat(100)}`],
  ['a name that msgpackr changes', { ['__proto__']: 1 }],
  ['a name that msgpackr keeps', { __keys__: 1 }],
  ['a cycle', cycle],
  ['more shapes than ids of one byte', Array.from({ length: 40 }, (_, i) => ({ [`a${i}`]: i }))],
])('%s is not plain', (_, value) => {
  expect(writePlain(value)).toBeUndefined()
})

test('a value stays as it was written when others are written after it, plain or not', () => {
  const first = writePlain({ id: 1, name: 'first' }) as Uint8Array
  const before = Buffer.from(first)
  writePlain({ id: 2, name: 'x'.repeat(9_000) })
  writePlain([{ id: 3 }, undefined])
  writePlain({ id: 4, name: 'fourth' })
  expect(before.equals(first)).toBe(true)
})

test('a getter that encodes something else, or throws, spoils nothing', () => {
  const inner = { id: 7 }
  const outer = {
    id: 1,
    get in() {
      return Buffer.from(msgpack().encode(inner)).length
    },
  }
  expect(msgpack().decode(msgpack().encode(outer))).toStrictEqual({ id: 1, in: packed(inner).length })
  const thrower = {
    id: 1,
    get in(): never {
      throw new Error('not now')
    },
  }
  expect(() => msgpack().encode(thrower)).toThrow('something that threw')
  expect(Buffer.from(msgpack().encode(inner)).equals(packed(inner))).toBe(true)
})

test('bytes of the caller get what is written by itself, or too little room is told and nothing beside it touched', () => {
  fc.assert(
    fc.property(anyData, fc.nat(200), fc.nat(9), (value, room, at) => {
      const plain = writePlain(value)
      const alone = plain && Uint8Array.from(plain)
      const whole = Buffer.alloc(room + 2 * at, 0xee)
      const end = writePlainInto(value, whole.subarray(at), at) ?? 0
      const fits = end > 0 && end <= room + at
      const written = fits ? Uint8Array.from(whole.subarray(2 * at, at + end)) : alone
      expect(written).toEqual(alone)
      expect(whole.subarray(0, at).every((byte) => byte === 0xee)).toBe(true)
      expect([...(writePlain(7) ?? [])]).toEqual([7])
    }),
  )
})

test('a value for which there is room is written in its place', () => {
  const value = { id: 7, name: 'seven', body: 'x'.repeat(300), on: true, list: [1, -2, 3.5, null] }
  const bytes = new Uint8Array(2_000)
  const end = writePlainInto(value, bytes, 5) ?? 0
  expect(msgpack().decode(bytes.subarray(5, end))).toEqual(value)
})
