import type { Codec } from '@tierstack/cache-core'
import { escape } from './escape.ts'
import type { Format } from './escape.ts'
import { unwritable } from './refusal.ts'
import { maxDepthRead, unescape } from './unescape.ts'

const format: Format = {
  mark: '~',
  carriesText: () => true,
  carriesName: () => true,
  carriesNumber: (number) => Number.isFinite(number) && !Object.is(number, -0),
  carriesRichTypes: false,
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const quote = 0x22
const backslash = 0x5c

/** Before parsing, because each level that a few hostile bytes declare would become an array of its own. */
function checkNesting(text: string): void {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === quote) quoted = !quoted
    else if (quoted) i += unit === backslash ? 1 : 0
    else if (unit === 0x5b || unit === 0x7b) depth++
    else if (unit === 0x5d || unit === 0x7d) depth--
    if (depth > maxDepthRead) throw new Error('the nesting is too deep')
  }
}

/** The parser's own error quotes the text, which is somebody's value. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('they are not JSON')
  }
}

function decode(bytes: Uint8Array): unknown {
  try {
    const text = decoder.decode(bytes)
    checkNesting(text)
    const tree = parsed(text)
    return text.includes('["~"') ? unescape(tree, format.mark) : tree
  } catch (cause) {
    throw new Error(`Expected bytes written by the json codec: ${(cause as Error).message}`, { cause })
  }
}

function encode(value: unknown): Uint8Array {
  const tree = escape(value, format)
  try {
    return Buffer.from(JSON.stringify(tree))
  } catch (cause) {
    throw unwritable(cause)
  }
}

const codec: Codec = Object.freeze({
  id: 2,
  name: 'json',
  encode,
  decode,
})

/**
 * JSON, for frames whose content people or other programs read. Brings back what `msgpack()` does; what JSON lacks is
 * written as an array that begins with `"~"`: `["~","date",0]`.
 *
 * `encode` throws a `CacheError` with code `UNENCODABLE` for the values that `msgpack()` refuses. `decode` throws an
 * `Error` for bytes that it did not write.
 */
export function json(): Codec {
  return codec
}
