// The global of this name is a getter, which is asked each time.
import { Buffer } from 'node:buffer'
import type { Codec } from '@tierstack/cache-core'
// This entry of msgpackr never looks for its native addon.
import { Packr, Unpackr } from 'msgpackr/pack'
import { escape } from './escape.ts'
import type { Format } from './escape.ts'
import { checkGrammar, markByte } from './msgpack-grammar.ts'
import { notPlain, readPlain } from './plain-reader.ts'
import { writePlain, writePlainInto } from './plain-writer.ts'
import { unwritable } from './refusal.ts'
import { unescape } from './unescape.ts'

/** Names that msgpackr would change, or take for its own bookkeeping. */
const misreadNames: ReadonlySet<string> = new Set(['__proto__', '__keys__'])

// UTF-8 has no lone surrogates, and msgpackr's reader drops a byte order mark from the start of a long text.
const carriesText = (text: string): boolean => text.isWellFormed() && text.charCodeAt(0) !== 0xfeff

// Records (names once, then values) are defined inside the bytes: each frame decodes alone.
const packr: Packr = new Packr({ useRecords: true, moreTypes: true, useToJSON: false })
const unpackr: Unpackr = new Unpackr({ useRecords: true, mapsAsObjects: false, copyBuffers: true })

const format: Format = {
  mark: unpackr.unpack(Uint8Array.of(markByte)) as unknown,
  carriesText,
  carriesName: (name) => carriesText(name) && !misreadNames.has(name),
  carriesNumber: (number) => !Object.is(number, -0),
  carriesRichTypes: true,
}

function encode(value: unknown): Uint8Array {
  const plain = writePlain(value)
  if (plain !== undefined) return plain
  const tree = escape(value, format)
  try {
    const bytes = packr.pack(tree)
    // Refused here: too many shapes, and types that another package gave to msgpackr for the whole process.
    checkGrammar(bytes)
    return bytes
  } catch (cause) {
    throw unwritable(cause)
  }
}

function decode(bytes: Uint8Array): unknown {
  const plain = readPlain(Buffer.isBuffer(bytes) ? bytes : viewOf(bytes))
  if (plain !== notPlain) return plain
  // A view of our own: msgpackr takes Buffers back as what it was given, and notes things on it.
  const view = viewOf(bytes)
  try {
    const escapes = checkGrammar(view)
    const tree: unknown = unpackr.unpack(view)
    return escapes ? unescape(tree, format.mark) : tree
  } catch (cause) {
    throw new Error(`Expected bytes written by the msgpack codec: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function decodeFrom(bytes: Uint8Array, start: number): unknown {
  if (!Buffer.isBuffer(bytes)) return decode(bytes.subarray(start))
  const plain = readPlain(bytes, start)
  return plain === notPlain ? decode(bytes.subarray(start)) : plain
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const codec: Codec = Object.freeze({
  id: 1,
  name: 'msgpack',
  encode,
  encodeInto: writePlainInto,
  decode,
  decodeFrom,
})

/**
 * MessagePack, the default of remote tiers. Brings back plain objects, arrays, text, numbers, booleans, null,
 * undefined, bigint, Date, Map, Set, Buffer, ArrayBuffer, DataView and typed arrays, each as what it was.
 *
 * `encode` throws a `CacheError` with code `UNENCODABLE` for anything else; properties that can't be enumerated are
 * left out, and getters become the values they had. `decode` throws an `Error` for bytes that it did not write.
 */
export function msgpack(): Codec {
  return codec
}
