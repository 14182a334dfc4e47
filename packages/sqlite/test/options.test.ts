import { structuredCodec } from '@tierstack/cache-testing'
import { expect, expectTypeOf, test } from 'vitest'
import { sqlite } from '../src/index.ts'
import type { SqliteTier } from '../src/index.ts'

const codec = structuredCodec

test('the name of the tier is known to the compiler', () => {
  expectTypeOf(sqlite({ path: 'a', codec })).toEqualTypeOf<SqliteTier<'sqlite'>>()
  expectTypeOf(sqlite({ path: 'a', codec, name: 'disk' })).toEqualTypeOf<SqliteTier<'disk'>>()
  expect(sqlite({ path: 'a', codec, name: 'disk' }).name).toBe('disk')
})

test('a small file takes smaller frames by default', () => {
  expect(sqlite({ path: 'a', codec }).capabilities.maxValueBytes).toBe(8 * 1024 ** 2)
  expect(sqlite({ path: 'a', codec, maxBytes: '4mb' }).capabilities.maxValueBytes).toBe(1024 ** 2)
})

const wrong: readonly (readonly [Record<string, unknown>, string])[] = [
  [{}, "Expected `path` to be the path of a file or ':memory:', got `undefined`"],
  [{ path: '' }, 'Expected `path` to be the path of a file or \':memory:\', got `""` (string)'],
  [
    { path: 'file:a.db' },
    'Expected `path` to be the path of a file or \':memory:\', got `"file:a.db"` (string)',
  ],
  [{ path: 'a\0b' }, 'Expected `path` to be the path of a file'],
  [
    { path: 'a', maxByte: 1 },
    'Expected only known options in `sqlite options`, got `maxByte`; did you mean `maxBytes`?',
  ],
  [{ path: 'a', name: '' }, 'Expected `name` to be a non-empty string, got `""` (string)'],
  [{ path: 'a', maxBytes: 4096 }, 'Expected `maxBytes` to be 1mb or more, got `4096` (number)'],
  [{ path: 'a', maxBytes: '1tb' }, 'Expected `maxBytes` to be bytes or a number with a unit (kb, mb, gb)'],
  [
    { path: 'a', maxBytes: '1mb', maxValueBytes: '1mb' },
    'Expected `maxValueBytes` to be at most a quarter of `maxBytes`, got `"1mb"` (string)',
  ],
  [{ path: 'a', poll: 0 }, 'Expected `poll` to be 1 to 250 ms, got `0` (number)'],
  [{ path: 'a', poll: '1s' }, 'Expected `poll` to be 1 to 250 ms, got `"1s"` (string)'],
  [{ path: 'a', tagTtl: 0 }, 'Expected `tagTtl` to be more than 0, got `0` (number)'],
  [{ path: 'a', codec: {} }, 'Expected `codec` to be a codec with encode and decode, got `{}` (object)'],
]

test.each(wrong)('%j is refused in one sentence', (options, sentence) => {
  const given = { codec, ...options } as unknown as Parameters<typeof sqlite>[0]
  expect(() => sqlite(given)).toThrow(sentence)
})
