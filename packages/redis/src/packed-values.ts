import type { FrameWrite } from '@tierstack/cache-core'
import { roomFor, writeName } from './packed-names.ts'
import { encodeValue, lifeUntil } from './stored.ts'
import { token } from './token.ts'

const placeDigits = 3

/** What the stamps of up to a thousand values begin with: one random text serves all, and its place makes each its own. */
export function drawn(): string {
  return token().slice(0, -placeDigits)
}

export function stampAt(start: string, place: number): string {
  return start + String(place).padStart(placeDigits, '0')
}

/** What stands before the frame in a key; the stamp follows its first byte. */
const headLength = encodeValue('-'.repeat(16), new Uint8Array(0)).length
/** Ms; as good as no end, and a number that the server takes. */
const longestLife = 1e15
const lifeDigits = 16
const zero = 0x30

/**
 * Entries as the script takes them: each with its name, its life and its value. Lives are text, as the server wants
 * them: a number would be made into one there, entry by entry.
 */
export function packEntries(
  items: readonly FrameWrite[],
  start: string,
  wall: number,
  spare?: Buffer,
): Buffer {
  let size = (1 + lifeDigits + 4 + headLength) * items.length
  for (let i = 0; i < items.length; i++) {
    const { key, bytes } = items[i] as FrameWrite
    size += roomFor(key) + bytes.length
  }
  const packed = roomIn(spare, size)
  const view = new DataView(packed.buffer, packed.byteOffset, size)
  const head = encodeValue(stampAt(start, 0), new Uint8Array(0))
  const lastDigit = start.length + placeDigits
  let at = 0
  for (let i = 0; i < items.length; i++) {
    const { key, bytes, expiresAt } = items[i] as FrameWrite
    at = writeName(packed, at, key)
    at = writeLife(packed, at, Math.min(longestLife, lifeUntil(expiresAt, wall)))
    view.setUint32(at, headLength + bytes.length)
    at += 4
    packed.set(head, at)
    // Only the place differs from value to value.
    let rest = i
    for (let digit = at + lastDigit; rest > 0; digit--) {
      packed[digit] = zero + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    at += headLength
    packed.set(bytes, at)
    at += bytes.length
  }
  return packed.subarray(0, at)
}

/** Of a spare buffer, if all fits into what lies under it. */
function roomIn(spare: Buffer | undefined, size: number): Buffer {
  if (spare === undefined || spare.buffer.byteLength < size)
    return Buffer.allocUnsafeSlow(Math.ceil(size * 1.25))
  return Buffer.from(spare.buffer)
}

/** The length of the text, and the text. Returns where it ends. */
function writeLife(packed: Buffer, at: number, life: number): number {
  let digits = 1
  for (let ten = 10; ten <= life; ten *= 10) digits++
  packed[at] = digits
  let rest = life
  for (let digit = at + digits; digit > at; digit--) {
    const tenth = Math.floor(rest / 10)
    packed[digit] = zero + (rest - tenth * 10)
    rest = tenth
  }
  return at + 1 + digits
}
