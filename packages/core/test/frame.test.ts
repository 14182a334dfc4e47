import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadFrame, encodeFrame, encodeHead } from '../src/frame.ts'
import { decodeFrame } from '../src/read-frame.ts'
import type { FrameHeader } from '../src/frame.ts'

const text = fc.string({ unit: 'binary', maxLength: 60 })
const ms = fc.oneof(fc.double({ min: 0, max: 1e15, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY))
const header: fc.Arbitrary<FrameHeader> = fc.record({
  codec: fc.nat(255),
  transforms: fc.array(fc.nat(255), { maxLength: 4 }),
  keyId: text,
  createdAt: fc.double({ min: -1e15, max: 1e15, noNaN: true }),
  freshFor: ms,
  staleFor: ms,
  errorFor: ms,
  loadMs: ms,
  version: text,
  etag: fc.option(text, { nil: undefined }),
  key: fc.oneof(
    text,
    fc.constant('\uFEFFx'),
    fc.string({ unit: 'binary', minLength: 5_000, maxLength: 6_000 }),
  ),
  tags: fc.array(fc.record({ tag: text, generation: text }), { maxLength: 5 }),
})

const small: FrameHeader = {
  codec: 7,
  transforms: [1],
  keyId: 'k',
  createdAt: 1_000,
  freshFor: 2_000,
  staleFor: 0,
  errorFor: 0,
  loadMs: 3,
  version: '1',
  etag: 'e',
  key: '=key',
  tags: [{ tag: 't', generation: 'g' }],
}

describe('frames', () => {
  test('tell which load made them, in the place of an etag that they do not have', () => {
    const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const traced = encodeFrame({ ...small, etag: undefined, trace }, new Uint8Array([1]))
    expect(decodeFrame(traced, small.key).header).toMatchObject({ etag: undefined, trace })
    const both = encodeFrame({ ...small, trace }, new Uint8Array([1]))
    expect(decodeFrame(both, small.key).header).toMatchObject({ etag: 'e' })
    expect(decodeFrame(both, small.key).header.trace).toBeUndefined()
  })

  test('with a trace differ from those with an etag in a flag alone: readers that do not know it find every field', () => {
    const text = 'x'.repeat(55)
    const traced = encodeHead({ ...small, etag: undefined, trace: text })
    const tagged = encodeHead({ ...small, etag: text })
    const different = [...traced.keys()].filter((at) => traced[at] !== tagged[at])
    expect([traced.length, different]).toEqual([tagged.length, [3]])
  })

  test('come back as they were', () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 500 }), (given, payload) => {
        const frame = decodeFrame(encodeFrame(given, payload), given.key)
        expect(frame.header).toMatchObject(given)
        expect([...frame.payload]).toEqual([...payload])
      }),
      { numRuns: 300 },
    )
  })

  test('every single byte that is changed is noticed', () => {
    const bytes = encodeFrame(
      small,
      Uint8Array.from({ length: 40 }, (_, i) => i),
    )
    const accepted: string[] = []
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const spoilt = bytes.slice()
        spoilt[at] = (spoilt[at] as number) ^ flip
        try {
          decodeFrame(spoilt, small.key)
          accepted.push(`byte ${at} ^ ${flip}`)
        } catch (error) {
          if (!(error instanceof BadFrame)) accepted.push(`byte ${at}: ${String(error)}`)
        }
      }
    }
    expect(accepted).toEqual([])
  })

  test('so is every truncation, and anything appended', () => {
    const bytes = encodeFrame(small, Uint8Array.of(1, 2, 3))
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeFrame(bytes.subarray(0, length), small.key)).toThrow(BadFrame)
    }
    expect(() => decodeFrame(Uint8Array.of(...bytes, 0), small.key)).toThrow(BadFrame)
  })

  test('a frame under another key is not served as that key', () => {
    expect(() => decodeFrame(encodeFrame(small, new Uint8Array()), '=other')).toThrow(
      'frame belongs to another key',
    )
  })

  test('bytes that nobody wrote are refused, without ever throwing anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, dressed) => {
        if (dressed) bytes.set([0x54, 0x53, 1].slice(0, bytes.length))
        expect(() => decodeFrame(bytes, '=k')).toThrow(BadFrame)
      }),
      { numRuns: 1_000 },
    )
    for (const foreign of ['42', '{}', '[]', 'null', '"text"', '\0'.repeat(100)]) {
      expect(() => decodeFrame(new TextEncoder().encode(foreign), '=k')).toThrow(BadFrame)
    }
  })

  test('a frame at an offset of a larger buffer is read from there', () => {
    const bytes = encodeFrame(small, Uint8Array.of(9))
    const room = new Uint8Array(bytes.length + 20)
    room.set(bytes, 11)
    expect(decodeFrame(room.subarray(11, 11 + bytes.length), small.key).header).toMatchObject(small)
  })

  test('texts that a header can not hold are refused when it is written', () => {
    expect(() => encodeFrame({ ...small, version: 'v'.repeat(256) }, new Uint8Array())).toThrow(RangeError)
    expect(() => encodeFrame({ ...small, key: 'k'.repeat(65_536) }, new Uint8Array())).toThrow(RangeError)
  })
})
