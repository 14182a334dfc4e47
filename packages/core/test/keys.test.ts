import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonical, isJoined, joinKey, rawKey, splitKey } from '../src/key.ts'
import { memoryNode, oneNode, pair } from './rig.ts'

const wellFormed = fc.string({ unit: 'binary' })
const part = fc.oneof(
  wellFormed,
  fc.double({ noNaN: true }),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('1', 'n1', 's1', '[', '"', ',', ':', '{}', '', 'h', 'd0', 'true', 'null', '__proto__'),
  fc.date({ noInvalidDate: true }),
)
const input = fc.letrec<{ any: unknown; list: unknown[]; record: Record<string, unknown> }>((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, part, tie('list'), tie('record')),
  list: fc.array(tie('any'), { maxLength: 4 }),
  record: fc.dictionary(wellFormed, tie('any'), { maxKeys: 4, noNullPrototype: false }),
})).any

/** Another text of an input, of which equal ones are the same input: types and lengths are spelt out. */
function spelt(value: unknown): string {
  if (value instanceof Date) return `date ${value.getTime()}`
  if (Array.isArray(value)) return `list ${value.length} ${value.map((v) => frame(spelt(v))).join('')}`
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value).toSorted((a, b) => (a < b ? -1 : 1))
    const fields = names.map((name) => frame(name) + frame(spelt((value as Record<string, unknown>)[name])))
    return `record ${fields.length} ${fields.join('')}`
  }
  return `${value === null ? 'null' : typeof value} ${String(value)}`
}
const frame = (text: string) => `${text.length}<${text}>`

describe('different inputs never share a key', () => {
  test('whatever plain data they are', () => {
    fc.assert(
      fc.property(input, input, (a, b) => {
        expect(canonical(a) === canonical(b)).toBe(spelt(a) === spelt(b))
      }),
      { numRuns: 2_000 },
    )
  })

  test('an input has one key, whatever the order of its fields', () => {
    fc.assert(
      fc.property(fc.dictionary(wellFormed, part), (record) => {
        const turned = Object.fromEntries(Object.entries(record).toReversed())
        expect(canonical(turned)).toBe(canonical(record))
      }),
    )
  })

  test.each([
    [1, '1'],
    [1, 1n],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [undefined, null],
    [['a|b'], ['a', 'b']],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [['a,b'], ['a', 'b']],
    [[], {}],
    [[], ''],
    [{ a: 1 }, { a: '1' }],
    [new Date(0), 0],
    [new Date(0), new Date(0).toISOString()],
    ['a:b', ['a', 'b']],
    ['ab', 'bA'],
  ])('inputs that look alike differ (%#)', (a, b) => {
    expect(canonical(a)).not.toBe(canonical(b))
  })

  test('0 and -0 are one number', () => {
    expect(canonical(-0)).toBe(canonical(0))
    expect(canonical([-0])).toBe(canonical([0]))
  })

  test('long ones are hashed with no fewer than 128 bits', () => {
    const key = canonical('x'.repeat(10_000))
    expect(key).toHaveLength(44)
    expect(canonical('x'.repeat(10_001))).not.toBe(key)
    expect(rawKey('', 'x'.repeat(10_000))).toHaveLength(44)
  })

  test('neither namespaces nor definitions nor versions nor raw keys meet', async () => {
    await using node = memoryNode()
    const { cache } = node
    await cache.set('a', 'root')
    await cache.namespace('a').set('a', 'in a')
    await cache.namespace('a').namespace('b').set('a', 'in a, b')
    await cache.namespace('a.b').set('a', 'in a.b')
    const one = cache.define({ name: 'a', load: (id: string) => `one ${id}` })
    const two = cache.define({ name: 'a', version: 2, load: (id: string) => `two ${id}` })
    const elsewhere = cache.namespace('a').define({ name: 'a', load: (id: string) => `elsewhere ${id}` })
    expect(await Promise.all([one('a'), two('a'), elsewhere('a')])).toEqual(['one a', 'two a', 'elsewhere a'])
    await cache.set(one.keyFor('a'), 'raw')
    expect(await one('a')).toBe('one a')
    expect([
      await cache.get('a'),
      await cache.namespace('a').get('a'),
      await cache.namespace('a').namespace('b').get('a'),
      await cache.namespace('a.b').get('a'),
    ]).toEqual(['root', 'in a', 'in a, b', 'in a.b'])
  })

  test('a version can not run into an input', async () => {
    await using node = memoryNode()
    expect(() => node.cache.define({ name: 'n', version: '1:sa', load: () => 1 })).toThrow(
      'Expected `version` to be a text without `:`, got `"1:sa"` (string)',
    )
  })
})

describe('weird keys', () => {
  test.each([
    '',
    ' ',
    '\0',
    'a\0b',
    'line\nbreak',
    '🎈',
    'ünïcödé',
    '*',
    'user:*',
    '[a-z]?',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    '=',
    '#d@1:s',
    '~',
    '\uFEFFmark',
    'x'.repeat(65_536),
  ])('work like any other, in memory and far away (%#)', async (key) => {
    await using nodes = await pair()
    await nodes.a.set('bystander', 'untouched')
    await nodes.a.set(key, 'v')
    expect(await nodes.b.get(key)).toBe('v')
    expect(nodes.b.peek(key)).toBe('v')
    await nodes.b.delete(key)
    expect(await nodes.a.get(key)).toBeUndefined()
    expect(await nodes.a.get('bystander')).toBe('untouched')
    const cached = nodes.a.define({ name: 'd', load: (id: string) => id })
    expect(await cached(key)).toBe(key)
    await nodes.a.drain()
    expect((await cached.entry(key))?.value).toBe(key)
  })

  test.each([['\ud800'], ['\udbff'], ['a\udc00b']])('ill-formed Unicode is refused', async (key) => {
    await using node = oneNode()
    const refused = { code: 'INVALID_KEY' }
    await expect(node.cache.get(key)).rejects.toMatchObject(refused)
    await expect(node.cache.delete(key)).rejects.toMatchObject(refused)
    const cached = node.cache.define({ name: 'd', load: (id: unknown) => id })
    for (const odd of [key, [key], { [key]: 1 }, { a: key }]) {
      await expect(cached(odd as string)).rejects.toMatchObject(refused)
    }
  })

  test.each([
    [Number.NaN, 'Expected a key that equals itself, got `NaN` (number)'],
    [new Date(Number.NaN), 'Expected a valid date in a key, got `Invalid Date`'],
    [() => 1, 'got a function'],
    [Symbol('s'), 'got a symbol'],
    [new Map(), 'Expected a key made of plain data, got an instance of Map'],
    [
      new (class User {
        id = 1
      })(),
      'got an instance of User; give its id, or use `key` to pick parts',
    ],
    [[[new Set()]], 'got an instance of Set'],
  ])('what has no stable text is refused with a sentence (%#)', async (odd, sentence) => {
    await using node = memoryNode()
    const cached = node.cache.define({ name: 'd', load: (_id: unknown) => 1 })
    await expect(cached(odd as never)).rejects.toThrow(sentence)
    await expect(cached.delete(odd as never)).rejects.toThrow(sentence)
    expect(() => cached.keyFor(odd as never)).toThrow(sentence)
  })

  test('a cyclic input is refused', async () => {
    await using node = memoryNode()
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const cached = node.cache.define({ name: 'd', load: (_id: object) => 1 })
    await expect(cached(cyclic)).rejects.toThrow('Expected a key nested at most 16 deep; is it cyclic?')
  })

  test.each([[1], [null], [undefined], [{}], [Symbol('s')], [Object.create(null)]])(
    'a raw key is text (%#)',
    async (odd) => {
      await using node = memoryNode()
      const key = odd as never
      const refused = { code: 'INVALID_KEY', message: /^Expected a key to be a string, got / }
      const calls = [
        () => node.cache.get(key),
        () => node.cache.getOrSet(key, () => 1),
        () => node.cache.set(key, 1),
        () => node.cache.delete(key),
        () => node.cache.getMany([key]),
        () => node.cache.write(key, () => 1),
      ]
      for (const call of calls) {
        await expect(call()).rejects.toMatchObject({
          code: refused.code,
          message: expect.stringMatching(refused.message) as unknown,
        })
      }
    },
  )

  test('what reads, what removes and what warms name the same key', async () => {
    await using node = memoryNode()
    const user = node.cache.define({
      name: 'user',
      key: ({ id }) => id,
      load: ({ id }: { id: number; trace?: string }) => `user ${id}`,
    })
    await user.warm([{ id: 1 }])
    expect(user.peek({ id: 1, trace: 'x' })).toBe('user 1')
    await user.delete({ id: 1, trace: 'y' })
    expect(user.peek({ id: 1 })).toBeUndefined()
  })
})

describe('the two parts of a key', () => {
  const paths = fc.constantFrom('', 'a', 'a/b.c:d')

  test('any text at all comes back from its parts', () => {
    const texts = fc.oneof(
      wellFormed,
      fc.stringMatching(/^[a-z/]{0,3}[=~#][a-z:.]{0,3}@?1?:?[sniftuzdh[{]?[-0-9a-z]{0,9}$/),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const { prefix, input: rest } = splitKey(text)
        expect(joinKey(prefix, rest)).toBe(text)
      }),
    )
  })

  test.each(['#@:', '#a@1:', '#a@1::', '#a@1::s', 'x#a@b:c:'])(
    '%s comes back, though no definition makes it',
    (text) => {
      const { prefix, input: rest } = splitKey(text)
      expect(joinKey(prefix, rest)).toBe(text)
    },
  )

  test('a primitive input of a definition is split off as itself', () => {
    const primitives = fc.oneof(
      wellFormed.filter((text) => text.length < 100),
      fc.double({ noNaN: true }),
      fc.bigInt(),
      fc.constantFrom(true, false, null, undefined, '', 0, -0),
    )
    fc.assert(
      fc.property(paths, primitives, (path, given) => {
        const prefix = `${path}#user:by.id@1:`
        const split = splitKey(prefix + canonical(given))
        expect(split.prefix).toBe(prefix)
        expect(split.input === given).toBe(true)
      }),
    )
  })

  test('keys of different inputs never have the same two parts', () => {
    fc.assert(
      fc.property(paths, input, input, (path, a, b) => {
        const [one, other] = [a, b].map((given) => splitKey(`${path}#d@1:${canonical(given)}`))
        const same = one?.prefix === other?.prefix && one?.input === other?.input
        expect(same).toBe(canonical(a) === canonical(b))
      }),
    )
  })

  test('that a key has two parts is told as splitting it tells', () => {
    const inputs = fc.oneof(wellFormed, fc.integer(), fc.nat(), fc.constantFrom('', 0, -0, '0', 2 ** 31))
    const prefixes = fc.constantFrom('=', 'a=', 'a/b~', '#d@1:', 'a#d@1:', '#d@1:[', '#d@1:n')
    const keys = fc.oneof(
      fc.tuple(prefixes, inputs).map(([prefix, given]) => prefix + canonical(given)),
      fc.tuple(prefixes, wellFormed).map(([prefix, text]) => prefix + text),
      fc.tuple(prefixes, fc.nat(), fc.nat(9)).map(([prefix, number, digit]) => `${prefix}n${number}${digit}`),
    )
    fc.assert(
      fc.property(keys, prefixes, inputs, (key, prefix, given) => {
        const split = splitKey(key)
        const told = [given, split.input].filter((one) => isJoined(key, prefix, one))
        expect(told.every((one) => split.prefix === prefix && split.input === one)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('the two parts of a key are known by themselves where they are usual ones', () => {
    const texts = wellFormed.filter((text) => text.length < 100)
    const usual = fc.oneof(
      fc.tuple(fc.constantFrom('#d@1:', 'a/b#d:e@1:'), fc.oneof(texts, fc.nat(), fc.constant(-0))),
      fc.tuple(fc.constantFrom('=', 'a/b=', 'a~'), texts),
    )
    fc.assert(
      fc.property(usual, ([prefix, given]) => {
        expect(isJoined(joinKey(prefix, given), prefix, given)).toBe(true)
      }),
    )
  })

  test('a raw key is split at its namespace, whatever it contains', () => {
    expect(splitKey('a/b=x#y@1:s2')).toEqual({ prefix: 'a/b=', input: 'x#y@1:s2' })
    expect(splitKey('=')).toEqual({ prefix: '=', input: '' })
  })
})
