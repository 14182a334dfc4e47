import { CacheError } from '@tierstack/cache-core'
import { describe, expect, it } from 'vitest'
import { json, msgpack } from '../src/index.ts'

class Money {
  readonly cents = 1
}

class Rows extends Array<number> {}
class Ids extends Map<string, number> {}
class Bytes extends Uint8Array {}

const cyclic: { child: { parent?: unknown } } = { child: {} }
cyclic.child.parent = cyclic

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

function withThrow(): object {
  return {
    get name(): string {
      throw new TypeError('not loaded')
    },
  }
}

const instance = (name: string): string => `an instance of \`${name}\`; turn it into plain data first`

const refused: readonly (readonly [what: string, value: unknown, path: string, got: string])[] = [
  ['a function', { save() {} }, 'value.save', 'a function'],
  ['a symbol', [Symbol('s')], 'value[0]', 'a symbol'],
  ['a class instance', { user: { tags: [1, 2, 3, new Money()] } }, 'value.user.tags[3]', instance('Money')],
  ['an Error', { cause: new RangeError('x') }, 'value.cause', instance('RangeError')],
  ['a RegExp', { match: /x/ }, 'value.match', instance('RegExp')],
  ['a URL', new URL('http://localhost/'), 'value', instance('URL')],
  ['a Promise', { rows: Promise.resolve(1) }, 'value.rows', instance('Promise')],
  ['a WeakMap', [new WeakMap()], 'value[0]', instance('WeakMap')],
  ['a boxed number', [Object(1)], 'value[0]', instance('Number')],
  ['a subclass of Array', { rows: new Rows() }, 'value.rows', instance('Rows')],
  ['a subclass of Map', { ids: new Ids() }, 'value.ids', instance('Ids')],
  ['a subclass of Uint8Array', new Bytes(1), 'value', instance('Bytes')],
  [
    'an object of a nameless class',
    [
      new (class {
        readonly cents = 1
      })(),
    ],
    'value[0]',
    'an instance of a nameless class; turn it into plain data first',
  ],
  [
    'an object made from another',
    { o: Object.create({ a: 1 }) },
    'value.o',
    'an object with an unusual prototype; turn it into plain data first',
  ],
  [
    'what only looks like a Date',
    { at: Object.create(Date.prototype) },
    'value.at',
    'something that threw when it was read',
  ],
  ['shared memory', new Uint8Array(new SharedArrayBuffer(1)), 'value', instance('Uint8Array')],
  ['memory that can grow', new ArrayBuffer(1, { maxByteLength: 2 }), 'value', instance('ArrayBuffer')],
  // oxlint-disable-next-line no-sparse-arrays
  ['an array with holes', { list: [1, , 3] }, 'value.list', 'an array with holes'],
  [
    'an array with further properties',
    { m: 'ab'.match(/b/) },
    'value.m',
    'an object with properties of its own beside its content',
  ],
  [
    'a Date with further properties',
    Object.assign(new Date(0), { zone: 'UTC' }),
    'value',
    'an object with properties of its own beside its content',
  ],
  [
    'a name that is a symbol',
    { a: { [Symbol.for('s')]: 1 } },
    'value.a',
    'an object with the symbol `Symbol(s)` as a name',
  ],
  ['a cycle', { top: cyclic }, 'value.top.child.parent', 'a cycle back to `value.top`'],
  ['a getter that throws', [withThrow()], 'value[0].name', 'something that threw when it was read'],
  ['a revoked proxy', { p: revoked() }, 'value.p', 'something that threw when it was read'],
  ['501 levels', nested(501), `value${'[0]'.repeat(500)}`, 'more than 500 levels of nesting'],
  [
    'a function in a Map',
    {
      m: new Map<unknown, unknown>([
        [1, 2],
        ['two words', () => 1],
      ]),
    },
    'value.m.get("two words")',
    'a function',
  ],
  ['a symbol under an object in a Map', new Map([[{}, Symbol.iterator]]), 'value.values()[0]', 'a symbol'],
  ['a symbol as a key of a Map', new Map([[Symbol.iterator, 1]]), 'value.keys()[0]', 'a symbol'],
  ['a function in a Set', new Set([1, () => 1]), 'value.values()[1]', 'a function'],
  ['a function under an odd name', { 'a b': { '': () => 1 } }, 'value["a b"][""]', 'a function'],
]

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe.each([msgpack(), json()])('$name', (codec) => {
  it.each(refused)('refuses %s and says where it is', (_what, value, path, got) => {
    let thrown: unknown
    try {
      codec.encode(value)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(CacheError)
    expect(thrown).toMatchObject({
      code: 'UNENCODABLE',
      message: `Expected \`${path}\` to be data that comes back the same, got ${got}`,
    })
  })

  it('keeps what a getter threw as the cause', () => {
    expect(() => codec.encode(withThrow())).toThrow(
      expect.objectContaining({ cause: new TypeError('not loaded') }),
    )
  })

  it('refuses a getter that throws when it is read again', () => {
    let reads = 0
    const row = {
      get name(): string {
        if (++reads > 1) throw new TypeError('read already')
        return 'x'
      },
    }
    // What can't be enumerated is left out, and not plain: plain data is read once.
    Object.defineProperty(row, Symbol('of nobody'), { value: 1 })
    expect(() => codec.encode([row])).toThrow(expect.objectContaining({ code: 'UNENCODABLE' }))
    expect(codec.decode(codec.encode('x'))).toBe('x')
  })

  it('works as before after a refusal', () => {
    expect(() => codec.encode([{ a: 1 }, () => 1])).toThrow(CacheError)
    expect(codec.decode(codec.encode([{ a: 1 }]))).toEqual([{ a: 1 }])
  })
})
