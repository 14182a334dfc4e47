import type { Codec } from '@tierstack/cache-core'
import { escape } from './escape.ts'
import type { Format } from './escape.ts'
import { unescape } from './unescape.ts'

const format: Format = {
  mark: '~',
  carriesText: () => true,
  carriesName: () => true,
  carriesNumber: (number) => Number.isFinite(number) && !Object.is(number, -0),
  carriesRichTypes: false,
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Uint8Array): unknown {
  try {
    return unescape(JSON.parse(decoder.decode(bytes)), format.mark)
  } catch (cause) {
    throw new Error(`Expected bytes written by the json codec: ${(cause as Error).message}`, {
      cause,
    })
  }
}

const codec: Codec = Object.freeze({
  id: 2,
  name: 'json',
  encode: (value: unknown) => Buffer.from(JSON.stringify(escape(value, format))),
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
