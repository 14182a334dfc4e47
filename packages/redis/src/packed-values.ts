import type { FrameWrite } from '@tierstack/cache-core'
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
const head = encodeValue('-'.repeat(16), new Uint8Array(0))
const lifeLength = 8
const before = lifeLength + 4 + head.length

/** Values as the script takes them: one text of all, so that the client has one argument to send instead of thousands. */
export function packValues(items: readonly FrameWrite[], start: string, wall: number): Buffer {
  let size = before * items.length
  for (const { bytes } of items) size += bytes.length
  const packed = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < items.length; i++) {
    const { bytes, expiresAt } = items[i] as FrameWrite
    packed.writeDoubleBE(lifeUntil(expiresAt, wall), at)
    packed.writeUInt32BE(head.length + bytes.length, at + lifeLength)
    head.copy(packed, at + before - head.length)
    packed.write(stampAt(start, i), at + before - head.length + 1, 'latin1')
    packed.set(bytes, at + before)
    at += before + bytes.length
  }
  return packed
}
