import { longestKey, restOf } from './layout.ts'
import { unitAt } from './unit-at.ts'

/** Bytes of the length that stands before a name. */
const lengthBytes = 2

/** Room for a name with its length. */
export function roomFor(key: string): number {
  // What is longer is hashed.
  return lengthBytes + 1 + Math.min(key.length * 3, longestKey)
}

/** Writes what follows the stem in a name, behind its length (u16). Returns where it ends. */
export function writeName(packed: Buffer, at: number, key: string): number {
  const { length } = key
  const from = at + lengthBytes + 1
  if (length * 3 > longestKey) return writeText(packed, at, restOf(key))
  // Most keys are of ASCII: to make a text of them with what stands before would cost more than all the rest.
  packed[from - 1] = 0x3a
  for (let i = 0; i < length; i++) {
    const unit = unitAt(key, i)
    if (unit > 0x7f) return writeText(packed, at, restOf(key))
    packed[from + i] = unit
  }
  packed[at] = (length + 1) >>> 8
  packed[at + 1] = (length + 1) & 0xff
  return from + length
}

function writeText(packed: Buffer, at: number, text: string): number {
  const length = packed.write(text, at + lengthBytes)
  packed.writeUInt16BE(length, at)
  return at + lengthBytes + length
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
