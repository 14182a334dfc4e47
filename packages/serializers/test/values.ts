import fc from 'fast-check'

const typedArrays = [
  fc.int8Array(),
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
]

/** Any UTF-16, lone surrogates and byte order marks included, of all the lengths that readers treat differently. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
  fc.string({ minLength: 30, maxLength: 300, unit: 'binary' }),
  fc
    .tuple(fc.constantFrom('\uFEFF', '\uD800', '~', '\0'), fc.nat(200))
    .map(([first, n]) => first + 'x'.repeat(n)),
)

const names: fc.Arbitrary<string> = fc.oneof(
  text,
  fc.constantFrom(
    '',
    '~',
    '__proto__',
    '__keys__',
    'constructor',
    'hasOwnProperty',
    'toJSON',
    'toString',
    'length',
    '0',
    '7',
  ),
)

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(null, undefined, true, false, -0, NaN, Infinity, -Infinity, '~', 0x40, 0x7f, 0x80),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.constantFrom(2n ** 63n, 2n ** 64n, -(2n ** 63n), -(2n ** 64n)),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(
    new Date(NaN),
    new Date(8.64e15),
    new Date(-8.64e15),
    new Date(-1),
    new Date(2 ** 32 * 1000),
  ),
  ...typedArrays,
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes).buffer),
  fc.uint8Array().map((bytes) => new DataView(new Uint8Array(bytes).buffer)),
)

function plain(pairs: readonly (readonly [string, unknown])[], prototype: object | null): object {
  const object = Object.create(prototype) as object
  for (const [name, value] of pairs) {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  }
  return object
}

/** Every value that a codec brings back. */
export const anyData: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => {
  const value = tie('value')
  const pairs = fc.array(fc.tuple(names, value), { maxLength: 6 })
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(value, { maxLength: 6 }),
      fc.array(value, { maxLength: 3 }).map((items) => ['~', ...items]),
      pairs.map((entries) => plain(entries, Object.prototype)),
      pairs.map((entries) => plain(entries, null)),
      fc.array(fc.tuple(value, value), { maxLength: 5 }).map((entries) => new Map(entries)),
      fc.array(value, { maxLength: 5 }).map((members) => new Set(members)),
      // Rows of one shape, the case that records are made for.
      fc
        .tuple(
          fc.uniqueArray(names, { minLength: 1, maxLength: 4 }),
          fc.array(fc.array(value, { minLength: 4, maxLength: 4 }), { maxLength: 8 }),
        )
        .map(([columns, rows]) =>
          rows.map((row) =>
            plain(
              columns.map((name, i) => [name, row[i]] as const),
              Object.prototype,
            ),
          ),
        ),
    ),
  }
}).value
