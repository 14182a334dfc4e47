import { randomBytes } from 'node:crypto'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { algorithmsOf } from '../src/algorithms.ts'
import { compress } from '../src/index.ts'
import type { CompressOptions } from '../src/index.ts'

const nothing = new Uint8Array()
const rows = Buffer.from(
  JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ id: i, name: `user ${i}` }))),
)
const all = [
  { algorithm: 'zstd', id: 1 },
  { algorithm: 'brotli', id: 2 },
  { algorithm: 'gzip', id: 3 },
] as const

function writer(options?: CompressOptions): NonNullable<ReturnType<typeof compress>[0]> {
  return compress(options)[0]!
}

describe.each(all)('$algorithm', ({ algorithm, id }) => {
  const transform = writer({ algorithm, threshold: 1 })
  const shrunk = transform.apply(rows, nothing)!

  it('brings any bytes back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 300 }),
        (unit, times) => {
          const bytes = Buffer.concat(Array.from({ length: times }, () => unit))
          const applied = transform.apply(bytes, nothing)
          const back = applied === undefined ? bytes : transform.undo(applied, nothing, bytes.length)
          expect(Buffer.compare(back, bytes)).toBe(0)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('is read by every set of transforms, under the same id', () => {
    for (const { algorithm: other } of all) {
      const reader = compress({ algorithm: other }).find((candidate) => candidate.id === id)!
      expect(Buffer.from(reader.undo(shrunk, nothing, rows.length)).equals(rows)).toBe(true)
    }
  })

  it('throws for bytes that are cut anywhere', () => {
    for (let length = 0; length < shrunk.length; length++) {
      expect(() => transform.undo(shrunk.subarray(0, length), nothing, rows.length)).toThrow(
        `Expected ${algorithm} bytes`,
      )
    }
  })

  it('throws for bytes after the end', () => {
    for (const more of [Buffer.of(0), Buffer.from('garbage'), Buffer.alloc(100)]) {
      expect(() => transform.undo(Buffer.concat([shrunk, more]), nothing, 1e6)).toThrow(
        `Expected ${algorithm} bytes`,
      )
    }
  })

  it('throws for a bomb before it goes off', () => {
    const bomb = transform.apply(Buffer.alloc(64 * 1024 * 1024), nothing)!
    const before = process.memoryUsage().arrayBuffers
    expect(() => transform.undo(bomb, nothing, 1024 * 1024)).toThrow('at most 1048576 bytes')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
  })

  it('allows exactly the limit and not a byte more', () => {
    expect(transform.undo(shrunk, nothing, rows.length)).toHaveLength(rows.length)
    expect(() => transform.undo(shrunk, nothing, rows.length - 1)).toThrow(`at most ${rows.length - 1} bytes`)
  })

  it('throws for bytes of another algorithm and for none', () => {
    expect(() => transform.undo(rows, nothing, 1e6)).toThrow(`Expected ${algorithm} bytes`)
    expect(() => transform.undo(nothing, nothing, 1e6)).toThrow(`Expected ${algorithm} bytes`)
  })
})

describe('compress', () => {
  it('writes with zstd and reads everything by default', () => {
    expect(compress().map(({ id, name }) => [id, name])).toEqual([
      [1, 'zstd'],
      [2, 'brotli'],
      [3, 'gzip'],
    ])
    expect(compress().map((transform) => transform.apply(rows, nothing) !== undefined)).toEqual([
      true,
      false,
      false,
    ])
  })

  it('prefers brotli on a runtime without zstd', () => {
    const { zstdCompressSync: _, ...older } = zlib
    expect([...algorithmsOf(older).keys()]).toEqual(['brotli', 'gzip'])
  })

  it('leaves bytes under the threshold as they are', () => {
    expect(writer().apply(Buffer.alloc(1023), nothing)).toBeUndefined()
    expect(writer().apply(Buffer.alloc(1024), nothing)).toBeDefined()
    expect(writer({ threshold: '2kb' }).apply(Buffer.alloc(2047), nothing)).toBeUndefined()
    expect(writer({ threshold: Infinity }).apply(rows, nothing)).toBeUndefined()
  })

  it('leaves bytes that would not shrink as they are', () => {
    const noise = randomBytes(4096)
    for (const { algorithm } of all)
      expect(writer({ algorithm, threshold: 1 }).apply(noise, nothing)).toBeUndefined()
  })

  it('refuses a zstd frame that asks for a window larger than the limit', () => {
    // A window of 128 MB, and 20,000 times the letter t: more than what is decoded at once, without a window.
    const frame = Buffer.from('28b52ffd8088204e000003710274', 'hex')
    expect(() => writer().undo(frame, nothing, 1024 * 1024)).toThrow('at most 1048576 bytes')
    expect(Buffer.from(writer().undo(frame, nothing, 128 * 1024 * 1024)).toString()).toBe('t'.repeat(20_000))
  })

  it('gives the writer the chosen name', () => {
    expect(compress({ name: 'small', algorithm: 'gzip' }).map(({ name }) => name)).toEqual([
      'small',
      'zstd',
      'brotli',
    ])
  })

  it('writes less at a higher level', () => {
    const size = (level: number): number =>
      writer({ algorithm: 'brotli', level }).apply(rows, nothing)!.length
    expect(size(11)).toBeLessThan(size(0))
  })

  it.each([
    [
      { treshold: 1 },
      'Expected only known options in `compress options`, got `treshold`; did you mean `threshold`?',
    ],
    [
      { threshold: 0 },
      'Expected `threshold` to be bytes or a number with a unit (kb, mb, gb), more than 0, got `0` (number)',
    ],
    [
      { threshold: '1 kb' },
      'Expected `threshold` to be bytes or a number with a unit (kb, mb, gb), more than 0, got `"1 kb"` (string)',
    ],
    [
      { algorithm: 'lz4' },
      "Expected `algorithm` to be one of 'zstd', 'brotli', 'gzip', got `\"lz4\"` (string)",
    ],
    [{ level: 20 }, 'Expected `level` to be an integer from 1 to 19 for zstd, got `20` (number)'],
    [
      { algorithm: 'gzip', level: 0 },
      'Expected `level` to be an integer from 1 to 9 for gzip, got `0` (number)',
    ],
    [{ level: '3' }, 'Expected `level` to be an integer from 1 to 19 for zstd, got `"3"` (string)'],
    [{ name: '' }, 'Expected `name` to be a non-empty string, got `""` (string)'],
    ['zstd', 'Expected `compress options` to be an object of options, got `"zstd"` (string)'],
  ])('refuses the options %j', (options, message) => {
    expect(() => compress(options as CompressOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message }),
    )
  })
})
