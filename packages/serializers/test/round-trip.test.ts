import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { json, msgpack } from '../src/index.ts'
import { same } from './same.ts'
import { anyData } from './values.ts'

describe.each([msgpack(), json()])('$name', (codec) => {
  it('brings every value back as what it was', () => {
    fc.assert(
      fc.property(anyData, (value) => {
        const back = codec.decode(codec.encode(value))
        expect(same(back, value)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([64n, 65n, 127n, 65_535n, 65_536n, 1_000_000n])('brings back integers around 2^%i', (bits) => {
    for (const near of [2n ** bits, -(2n ** bits)]) {
      for (const value of [near - 1n, near, near + 1n])
        expect(codec.decode(codec.encode(value)) === value).toBe(true)
    }
  })

  it('leaves the value that it encodes as it is', () => {
    fc.assert(
      fc.property(anyData, (value) => {
        const before = structuredClone(value)
        codec.encode(value)
        expect(same(structuredClone(value), before)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('decodes each result alone and in any order', () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({ [`a${i}`]: i, shared: { [`b${i % 90}`]: [i] } }))
    const encoded = [...rows, rows].map((row) => Uint8Array.from(codec.encode(row)))
    expect(encoded.toReversed().map((bytes) => codec.decode(bytes))).toStrictEqual(
      [...rows, rows].toReversed(),
    )
  })

  it('gives back bytes that are no window on the frame', () => {
    const bytes = Uint8Array.from(codec.encode({ b: Buffer.from('abc'), u: Uint8Array.of(1, 2) }))
    const back = codec.decode(bytes) as { b: Buffer; u: Uint8Array }
    bytes.fill(0)
    expect([back.b.toString(), ...back.u]).toEqual(['abc', 1, 2])
    expect(back.u.buffer.byteLength).toBe(2)
  })

  it('keeps names such as __proto__ as own properties and touches no prototype', () => {
    const hostile: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    )
    const back = codec.decode(codec.encode([hostile, hostile])) as object[]
    for (const object of back) {
      expect(Object.keys(object)).toEqual(['__proto__', 'constructor'])
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('stores a getter as the value that it had', () => {
    const row = {
      get total() {
        return 7
      },
    }
    expect(Object.getOwnPropertyDescriptor(codec.decode(codec.encode(row)), 'total')?.value).toBe(7)
  })

  it('stores an object that occurs twice as two', () => {
    const shared = { a: 1 }
    const back = codec.decode(codec.encode([shared, shared])) as object[]
    expect(back).toStrictEqual([{ a: 1 }, { a: 1 }])
    expect(back[0]).not.toBe(back[1])
  })

  it('stores 500 levels of nesting, also when a leaf needs an escape', () => {
    let value: unknown = -0
    for (let i = 0; i < 500; i++) value = i % 2 === 0 ? [value] : { v: value }
    expect(same(codec.decode(codec.encode(value)), value)).toBe(true)
  })

  it('stores objects with more names than fit into sixteen bits', () => {
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`name${i}`, i]))
    expect(codec.decode(codec.encode(wide))).toStrictEqual(wide)
  })
})
