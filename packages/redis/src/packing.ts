import { Buffer } from 'node:buffer'
import { longestKey } from './layout.ts'
import { nameInBody } from './message.ts'
import { writeName } from './packed-names.ts'
import { encodeValue } from './stored.ts'

/** What stands before the frame in a key; the stamp follows its first byte. */
const headLength = encodeValue('-'.repeat(16), new Uint8Array(0)).length
/** Ms; as good as no end, and a number that the server takes. */
const longestLife = 1e15
const lifeDigits = 16
const lengthBytes = 2
const sizeBytes = 4
const zero = 0x30
/** What the rest of a name begins with where a long key's hash stands for it. */
const hashMark = 0x23

/** Room for the life of an entry, and for its value but for the frame. */
export const roomForRest: number = 1 + lifeDigits + sizeBytes + headLength

/** Room for a fence with its length. */
export function roomForFence(fence: string): number {
  return 1 + fence.length
}

/** Room for what a message calls a key, with the length of that. */
export function roomToTell(key: string): number {
  return sizeBytes + (key.length * 3 > longestKey ? lifeDigits + key.length * 3 : 0)
}

/** Writes entries one after the other into one buffer, as scripts take them. */
export class Packing {
  readonly #packed: Buffer
  readonly #view: DataView
  readonly #head: Buffer
  readonly #lastDigit: number
  #at = 0

  /**
   * @param size That all will need at most.
   * @param firstStamp Ends in zeros; the place of each value in digits makes it its own.
   * @param spare A buffer that nobody needs any more.
   */
  constructor(size: number, firstStamp: string, spare: Buffer | undefined) {
    this.#packed = roomIn(spare, size)
    this.#view = new DataView(this.#packed.buffer, this.#packed.byteOffset, size)
    this.#head = encodeValue(firstStamp, new Uint8Array(0))
    this.#lastDigit = firstStamp.length
  }

  get whole(): Buffer {
    return this.#packed.subarray(0, this.#at)
  }

  /** What follows the stem in the entry's name, behind its length (u16). */
  name(key: string): void {
    this.#at = writeName(this.#packed, this.#at, key)
  }

  /** The name, and behind its length (u32) what a message calls the key, where that isn't told by the name. */
  toldName(key: string): void {
    const from = this.#at
    this.name(key)
    const hashed = this.#packed[from + lengthBytes] === hashMark
    const length = hashed ? this.#packed.write(nameInBody(key), this.#at + sizeBytes) : 0
    this.#view.setUint32(this.#at, length)
    this.#at += sizeBytes + length
  }

  /** The fence behind its length (u8). */
  fence(fence: string): void {
    this.#packed[this.#at] = fence.length
    this.#at += 1 + this.#packed.write(fence, this.#at + 1, 'latin1')
  }

  /** The life (ms) as text behind its length (u8). */
  life(ms: number): void {
    const life = Math.min(longestLife, ms)
    let digits = 1
    for (let ten = 10; ten <= life; ten *= 10) digits++
    this.#packed[this.#at] = digits
    let rest = life
    for (let digit = this.#at + digits; digit > this.#at; digit--) {
      const tenth = Math.floor(rest / 10)
      this.#packed[digit] = zero + (rest - tenth * 10)
      rest = tenth
    }
    this.#at += 1 + digits
  }

  /** The value behind its length (u32). */
  value(frame: Uint8Array, place: number): void {
    const packed = this.#packed
    this.#view.setUint32(this.#at, headLength + frame.length)
    const from = this.#at + sizeBytes
    packed.set(this.#head, from)
    // Only the place differs from value to value.
    let rest = place
    for (let digit = from + this.#lastDigit; rest > 0; digit--) {
      packed[digit] = zero + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    packed.set(frame, from + headLength)
    this.#at = from + headLength + frame.length
  }
}

/** Of a spare buffer, if all fits into what lies under it. */
function roomIn(spare: Buffer | undefined, size: number): Buffer {
  if (spare === undefined || spare.buffer.byteLength < size)
    return Buffer.allocUnsafeSlow(Math.ceil(size * 1.25))
  return Buffer.from(spare.buffer)
}
