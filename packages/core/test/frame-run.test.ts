import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Codec } from '../src/codec.ts'
import { encodeFrame } from '../src/frame.ts'
import { FrameRun } from '../src/frame-run.ts'
import { Frames } from '../src/frames.ts'
import { structuredCodec } from '@tierstack/cache-testing'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const ms = fc.double({ min: 0, max: 1e12, noNaN: true })
const tags = fc.array(fc.record({ tag: text, generation: text }), { maxLength: 4 })

test('frames of a run have the very bytes of frames made one by one, and stay as they are', () => {
  fc.assert(
    fc.property(
      fc.record({
        createdAt: ms,
        staleFor: ms,
        errorFor: ms,
        loadMs: ms,
        version: text,
        etag: fc.option(text, { nil: undefined }),
        trace: fc.option(text, { nil: undefined }),
      }),
      fc.array(tags, { minLength: 1, maxLength: 3 }),
      fc.array(
        fc.record({
          key: fc.oneof(text, fc.string({ minLength: 300, maxLength: 600 })),
          freshFor: ms,
          list: fc.nat(2),
          codec: fc.constantFrom(1, 2),
          bytes: fc.uint8Array({ maxLength: 30_000 }),
        }),
        { maxLength: 12 },
      ),
      (common, lists, items) => {
        const run = new FrameRun(frames(), common)
        const made = items.map(({ key, freshFor, list, codec, bytes }) => {
          const own = { key, freshFor, tags: lists[list % lists.length] ?? [] }
          return run.frame({ bytes, codec, transforms: [] }, own, undefined)
        })
        for (const [i, { key, freshFor, list, codec, bytes }] of items.entries()) {
          const own = { key, freshFor, tags: lists[list % lists.length] ?? [] }
          const header = { ...common, ...own, codec, transforms: [], keyId: '' }
          expect(Buffer.compare(made[i] as Uint8Array, encodeFrame(header, bytes))).toBe(0)
        }
      },
    ),
  )
})

test('a value has the same frame whether the codec writes it in its place or not', () => {
  const common = { createdAt: 1, staleFor: 2, errorFor: 3, loadMs: 4, version: 'v', etag: undefined }
  const values = fc.array(
    fc.record({
      key: text,
      freshFor: ms,
      bytes: fc.uint8Array({ maxLength: 30_000 }),
      refused: fc.integer({ min: 0, max: 20 }).map((n) => n === 0),
    }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(values, (items) => {
      const refused = new Set<Uint8Array>(items.filter((item) => item.refused).map(({ bytes }) => bytes))
      const codec: Codec = {
        ...structuredCodec,
        encode: (value) => value as Uint8Array,
        encodeInto: (value, bytes, at) => {
          const given = value as Uint8Array
          if (refused.has(given)) return undefined
          bytes.set(given.subarray(0, bytes.length - at), at)
          return at + given.length
        },
      }
      const run = new FrameRun(frames(codec), common)
      const made = items.map(({ key, freshFor, bytes }) =>
        run.frameOf(bytes, { key, freshFor, tags: [] }, { codec: undefined, sealKey: undefined }),
      )
      for (const [i, { key, freshFor, bytes }] of items.entries()) {
        const header = {
          ...common,
          key,
          freshFor,
          tags: [],
          codec: structuredCodec.id,
          transforms: [],
          keyId: '',
        }
        expect(Buffer.compare(made[i] as Uint8Array, encodeFrame(header, bytes))).toBe(0)
      }
    }),
  )
})

function frames(codec: Codec = structuredCodec): Frames {
  return new Frames({
    namespace: 'run',
    codec,
    readable: [],
    transforms: [],
    encryption: undefined,
    maxBytes: 1 << 20,
  })
}
