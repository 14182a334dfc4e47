import { createHash } from 'node:crypto'

/**
 * What is stored under a key: two marks, epoch (16), stamp (16), the instant of expiry, and the frame.
 *
 * The epoch is compared at every read, so that a clear needs to change one key only; the instant is kept because
 * not every store expires, and few do to the millisecond.
 */
const marks = Buffer.from([0x54, 1])
const idLength = 16
const headerLength = marks.length + 2 * idLength + 8

export interface Stored {
  readonly epoch: string
  readonly stamp: string
  /** Wall-clock instant, ms since 1970. */
  readonly expiresAt: number
  readonly bytes: Uint8Array
}

export function encodeStored({ epoch, stamp, expiresAt, bytes }: Stored): Buffer {
  const stored = Buffer.allocUnsafe(headerLength + bytes.length)
  marks.copy(stored)
  stored.write(epoch, marks.length, 'latin1')
  stored.write(stamp, marks.length + idLength, 'latin1')
  stored.writeDoubleBE(expiresAt, headerLength - 8)
  stored.set(bytes, headerLength)
  return stored
}

/** Undefined for anything that was not written by `encodeStored`. */
export function decodeStored(value: unknown): Stored | undefined {
  const stored = storedBytes(value)
  if (!stored || stored.length < headerLength || !stored.subarray(0, marks.length).equals(marks))
    return undefined
  return {
    epoch: stored.toString('latin1', marks.length, marks.length + idLength),
    stamp: stored.toString('latin1', marks.length + idLength, marks.length + 2 * idLength),
    expiresAt: stored.readDoubleBE(headerLength - 8),
    // Apart from the store's own memory: a Map hands out the very buffer that it holds.
    bytes: stored.subarray(headerLength),
  }
}

function storedBytes(value: unknown): Buffer | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'base64')
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return undefined
}

/** Keys of any alphabet and length, as names that every store takes. Long and unusual ones are hashed. */
export function physicalKey(root: string, key: string): string {
  if (/^[!-~]{1,200}$/.test(key)) return `${root}:k:${key}`
  return `${root}:h:${createHash('sha256').update(key).digest('base64url')}`
}
