import { deserialize, serialize } from 'node:v8'
import type { Codec } from '@tierstack/cache-core'

/** The structured-clone format of the running engine: exact, quick to write, and no good between versions. For tests. */
export const structuredCodec: Codec = Object.freeze({
  id: 31,
  name: 'structured',
  encode: (value: unknown) => serialize(value),
  decode: (bytes: Uint8Array): unknown => deserialize(bytes),
})
