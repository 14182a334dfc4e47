import { restOf } from './layout.ts'

/** Bytes of the length that stands before a name. */
const lengthBytes = 2

/** Room for a name with its length. */
export function roomFor(key: string): number {
  // What is longer than that is hashed.
  return lengthBytes + Math.min(1 + key.length * 3, 1 + 512)
}

/** Writes what follows the stem in a name, behind its length (u16). Returns where it ends. */
export function writeName(packed: Buffer, at: number, key: string): number {
  const rest = restOf(key)
  let { length } = rest
  const from = at + lengthBytes
  for (let i = 0; i < length; i++) {
    const unit = rest.charCodeAt(i)
    if (unit > 0x7f) {
      length = packed.write(rest, from)
      break
    }
    packed[from + i] = unit
  }
  packed[at] = length >>> 8
  packed[at + 1] = length & 0xff
  return from + length
}

/** Names as a script takes them: one text of all, so that the client has one argument to send instead of thousands. */
export function packNames(keys: readonly string[]): Buffer {
  let size = 0
  for (let i = 0; i < keys.length; i++) size += roomFor(keys[i] as string)
  const packed = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < keys.length; i++) at = writeName(packed, at, keys[i] as string)
  return packed.subarray(0, at)
}
