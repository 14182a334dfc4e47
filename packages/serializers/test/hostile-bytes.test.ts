import { Packr } from 'msgpackr/pack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { json, msgpack } from '../src/index.ts'
import { anyData } from './values.ts'

const row = {
  id: 7n,
  at: new Date(5),
  tags: new Set(['a', 'b']),
  parts: [{ n: 1 }, { n: -0 }, { n: 1.5 }, { n: 4 }],
  by: new Map([['k', Buffer.from('bytes')]]),
  wide: 'x'.repeat(300),
  samples: Float64Array.of(1, 2),
}

const plainTypes = new Set(['Object', 'Array', 'Date', 'Map', 'Set', 'Buffer', 'ArrayBuffer', 'DataView'])

/** Names of everything in a decoded value that isn't plain data. */
function foreign(value: unknown): string[] {
  if (typeof value === 'function' || typeof value === 'symbol') return [typeof value]
  if (typeof value !== 'object' || value === null) return []
  const prototype = Object.getPrototypeOf(value) as { constructor: { name: string } } | null
  const name = prototype?.constructor.name ?? 'Object'
  if (ArrayBuffer.isView(value)) return []
  const inside =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value)
  return [...(plainTypes.has(name) ? [] : [name]), ...inside.flatMap(foreign)]
}

const codecs = [msgpack(), json()]

describe.each(codecs)('$name', (codec) => {
  it('throws for bytes that are cut anywhere', () => {
    const bytes = codec.encode(row)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => codec.decode(bytes.subarray(0, length))).toThrow(/^Expected bytes written by the /)
    }
  })

  it('throws for bytes after the end', () => {
    const bytes = codec.encode(row)
    for (const more of [0x00, 0x22, 0x7b, 0xc0, 0xff]) {
      expect(() => codec.decode(Buffer.concat([bytes, Buffer.of(more)]))).toThrow(Error)
    }
  })

  it('gives plain data or an Error for damaged bytes', () => {
    fc.assert(
      fc.property(
        anyData,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (value, damages) => {
          const bytes = Uint8Array.from(codec.encode(value))
          for (const [at, byte] of damages) bytes[at % bytes.length] = byte
          expect(decoded(codec, bytes)).toEqual([])
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('gives plain data or an Error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(decoded(codec, bytes)).toEqual([])
      }),
      { numRuns: 5_000 },
    )
  })

  it('decodes well after it refused', () => {
    expect(() => codec.decode(codec.encode(row).subarray(0, 40))).toThrow(Error)
    expect(codec.decode(codec.encode(row))).toStrictEqual(row)
  })
})

function decoded(codec: (typeof codecs)[number], bytes: Uint8Array): string[] {
  let value: unknown
  try {
    value = codec.decode(bytes)
  } catch (error) {
    return (error as object).constructor === Error ? [] : [`threw ${String(error)}`]
  }
  return foreign(value)
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const deepArrays = (levels: number): Buffer => Buffer.concat([Buffer.alloc(levels, 0x91), Buffer.of(0xc0)])

function manyShapes(count: number): Buffer {
  const header = hex('dd 00000000')
  header.writeUInt32BE(count * 5, 1)
  const shapes = Array.from({ length: count }, (_, i) => {
    const name = Buffer.from(i.toString(36).padStart(5, '_'))
    return Buffer.concat([hex('d4 72 40 91 a5'), name, hex('01 4001 4001 4001 4001')])
  })
  return Buffer.concat([header, ...shapes])
}

describe('the msgpack codec throws for', () => {
  const structured = new Packr({ moreTypes: true, structuredClone: true })
  const cycle: unknown[] = []
  cycle.push(cycle)

  it.each([
    ['no bytes', Buffer.alloc(0), 'the bytes end too early'],
    ['an array that declares four billion items', hex('dd ffffffff c0'), 'the bytes end too early'],
    ['a map that declares four billion entries', hex('df ffffffff c0 c0'), 'the bytes end too early'],
    ['text that declares four gigabytes', hex('db ffffffff 61'), 'the bytes end too early'],
    ['bytes that declare four gigabytes', hex('c6 ffffffff 61'), 'the bytes end too early'],
    ['an extension that declares four gigabytes', hex('c9 ffffffff 42 01'), 'the bytes end too early'],
    ['a million levels of nesting', deepArrays(1_000_000), 'the nesting is too deep'],
    ['more shapes than are worth compiling', manyShapes(10_001), 'too many shapes of records'],
    ['bytes after the value', hex('c0 c0'), 'there are bytes after the value'],
    ['a regular expression', structured.pack(/(a+)+$/), 'extension 0x78 of 1 bytes is not one of ours'],
    ['an error', structured.pack(new Error('x')), 'extension 0x65 of 1 bytes is not one of ours'],
    ['a cycle', structured.pack(cycle), 'extension 0x69 of 4 bytes is not one of ours'],
    ['bundled text', new Packr({ bundleStrings: true }).pack({ a: 'some text' }), 'is not one of ours'],
    ['a typed array of half an element', hex('c7 04 74 08 000000'), 'is not one of ours'],
    ['a typed array of an unknown type', hex('c7 02 74 0b 00'), 'is not one of ours'],
    ['a record that was not defined', hex('40'), 'a record was not defined'],
    ['a record called __proto__', hex('d4 72 40 91 a9 5f5f70726f746f5f5f 01'), 'a name is `__proto__`'],
    ['a record whose name is a number', hex('d4 72 40 91 05 01'), 'a name is not text'],
    ['a set without members', hex('d4 73 00 c0'), 'an array is missing'],
    ['a mark where no escape can be', hex('c1'), '0xc1 begins no value'],
    ['a mark in a set', hex('d4 73 00 91 c1'), '0xc1 begins no value'],
    ['an escape without a kind', hex('91 c1'), 'malformed escape'],
    ['an escape of an unknown kind', hex('93 c1 a3 666f6f 01'), 'malformed escape "foo"'],
    ['an object with a number for a name', hex('94 c1 a6 6f626a656374 01 01'), 'malformed escape "object"'],
  ])('%s', (_what, bytes, reason) => {
    expect(() => msgpack().decode(bytes)).toThrow(reason)
  })
})

describe('the json codec throws for', () => {
  it.each([
    ['no bytes', '', 'JSON'],
    ['a million levels of nesting', `${'['.repeat(1e6)}${']'.repeat(1e6)}`, 'the nesting is too deep'],
    ['an escape of an unknown kind', '["~","RegExp","(a+)+$"]', 'malformed escape "RegExp"'],
    ['an escape without a kind', '["~"]', 'malformed escape'],
    ['an integer that is none', '["~","bigint","0x"]', 'malformed escape "bigint"'],
    ['a date that is text', '["~","date","1970"]', 'malformed escape "date"'],
    ['a number that is none', '["~","number","1"]', 'malformed escape "number"'],
    ['a map with half an entry', '["~","map",1]', 'malformed escape "map"'],
    ['an object whose name is a number', '["~","bare",1,1]', 'malformed escape "bare"'],
    ['bytes of an unknown class', '["~","bytes","Function","YQ=="]', 'unknown kind of bytes'],
    ['bytes of half an element', '["~","bytes","Float64Array","YQ=="]', 'multiple of 8'],
  ])('%s', (_what, text, reason) => {
    expect(() => json().decode(Buffer.from(text))).toThrow(reason)
  })

  it('a byte order mark', () => {
    expect(() => json().decode(hex('efbbbf 31'))).toThrow(/^Expected bytes written by the json codec/)
  })

  it('bytes that are no UTF-8', () => {
    expect(() => json().decode(hex('22 ff 22'))).toThrow(/^Expected bytes written by the json codec/)
  })
})

it('the msgpack codec refuses to encode what it would refuse to decode', () => {
  const shapes = Array.from({ length: 10_001 }, (_, i) =>
    Array.from({ length: 4 }, () => ({ [`name${i}`]: i })),
  )
  expect(() => msgpack().encode(shapes.flat())).toThrow('too many shapes of records')
  expect(msgpack().decode(msgpack().encode(shapes.slice(1).flat()))).toStrictEqual(shapes.slice(1).flat())
})
