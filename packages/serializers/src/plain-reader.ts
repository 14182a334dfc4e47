import { objectOf, shapeOf, shapesKept, shapesLately } from './read-shapes.ts'
import type { Shape } from './read-shapes.ts'
import { maxDepthRead } from './unescape.ts'

/*
 * The plain part of what our encoder writes, read and checked in one pass: null, booleans, numbers, text, dates,
 * arrays, and records (names once, then values). Anything else (escapes, maps, bytes, damaged bytes) is not plain and
 * is left to the checked reader of msgpackr.
 */

export const notPlain: unique symbol = Symbol('not plain')

/**
 * Texts are cut from a text of so many bytes around them, made in one call: a call for each would cost most of the
 * reading. Whoever keeps one of them keeps no more than that with it.
 */
const windowBytes = 1_024
/** Of a shape, in bytes. It bounds what hostile ones can cost. */
const longestNames = 2_000

const mark = 0xc1
const record = 0x72
/** Of the first shape in any bytes; there are as many again. */
const firstId = 0x40
const date = 0xff

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  let all = 0
  for (let i = start; i < end; i++) all |= bytes[i] as number
  return all < 0x80
}

const nothing = Buffer.alloc(0)

class PlainReader {
  #at = 0
  #depth = 0
  #defined = 0
  #bytes: Buffer
  #window = ''
  #windowAt = 0
  /** Shapes in these bytes, by the place of their ids; most bytes have one, which needs no list. */
  #first: Shape | undefined
  #others: (Shape | undefined)[] | undefined

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  whole(bytes: Buffer, start: number): unknown {
    this.#bytes = bytes
    this.#at = start
    this.#depth = 0
    this.#defined = 0
    try {
      const value = this.value()
      if (this.#at !== bytes.length) throw notPlain
      return value
    } finally {
      // It stays for the next bytes, and is to hold none of these.
      this.#bytes = nothing
      this.#window = ''
      this.#windowAt = 0
      this.#first = undefined
      this.#others = undefined
    }
  }

  value(): unknown {
    const token = this.#bytes[this.#at++] as number
    if (token < firstId) return token
    if (token < 0x80) return this.#object(token === firstId ? this.#first : this.#others?.[token - firstId])
    if (token >= 0xe0) return token - 0x100
    if (token >= 0xa0 && token < 0xc0) return this.#text(token & 0x1f)
    if (token >= 0x90 && token < 0xa0) return this.#array(token & 0x0f)
    return this.#longer(token)
  }

  #longer(token: number): unknown {
    const bytes = this.#bytes
    switch (token) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xcb:
        return bytes.readDoubleBE(this.#take(8))
      case 0xcc:
        return bytes.readUInt8(this.#take(1))
      case 0xcd:
        return bytes.readUInt16BE(this.#take(2))
      case 0xce:
        return bytes.readUInt32BE(this.#take(4))
      case 0xd0:
        return bytes.readInt8(this.#take(1))
      case 0xd1:
        return bytes.readInt16BE(this.#take(2))
      case 0xd2:
        return bytes.readInt32BE(this.#take(4))
      case 0xd9:
        return this.#text(bytes.readUInt8(this.#take(1)))
      case 0xda:
        return this.#text(bytes.readUInt16BE(this.#take(2)))
      case 0xdb:
        return this.#text(bytes.readUInt32BE(this.#take(4)))
      case 0xdc:
        return this.#array(bytes.readUInt16BE(this.#take(2)))
      case 0xdd:
        return this.#array(bytes.readUInt32BE(this.#take(4)))
      case 0xd4:
        return this.#define()
      case 0xd6:
        return new Date(bytes.readUInt32BE(this.#extension(date, 4)) * 1_000)
      case 0xd7: {
        const start = this.#extension(date, 8)
        const high = bytes.readUInt32BE(start)
        const seconds = (high & 3) * 2 ** 32 + bytes.readUInt32BE(start + 4)
        return new Date(seconds * 1_000 + (high >>> 2) / 1e6)
      }
      default:
        throw notPlain
    }
  }

  /** Where the next `count` bytes start, which are then behind us. */
  #take(count: number): number {
    const start = this.#at
    if (count > this.#bytes.length - start) throw notPlain
    this.#at = start + count
    return start
  }

  #extension(type: number, length: number): number {
    if (this.#bytes[this.#take(1)] !== type) throw notPlain
    return this.#take(length)
  }

  #text(length: number): string {
    const bytes = this.#bytes
    const start = this.#take(length)
    const end = start + length
    if (length > windowBytes || !isAscii(bytes, start, end)) return bytes.toString('utf8', start, end)
    if (end > this.#windowAt + this.#window.length) {
      this.#window = bytes.toString('latin1', start, start + windowBytes)
      this.#windowAt = start
    }
    return this.#window.slice(start - this.#windowAt, end - this.#windowAt)
  }

  #array(count: number): unknown[] {
    // Each item takes a byte at least.
    if (count > this.#bytes.length - this.#at || this.#bytes[this.#at] === mark) throw notPlain
    this.#deeper()
    const items: unknown[] = []
    for (let i = 0; i < count; i++) items.push(this.value())
    this.#depth--
    return items
  }

  #deeper(): void {
    if (++this.#depth > maxDepthRead) throw notPlain
  }

  #object(shape: Shape | undefined): object {
    if (shape === undefined) throw notPlain
    this.#deeper()
    const object = objectOf(shape, this)
    this.#depth--
    return object
  }

  /** A record with its names, which stand before its values. */
  #define(): object {
    const bytes = this.#bytes
    const id = bytes[this.#extension(record, 1)] as number
    if (id < firstId || id >= 0x80 || ++this.#defined > shapesKept) throw notPlain
    const start = this.#at
    const lately = shapesLately.at(bytes, start)
    if (lately !== undefined) {
      this.#at = start + lately.bytes.length
      return this.#object(this.#defineAs(id, lately.shape))
    }
    const token = bytes[this.#take(1)] as number
    const count =
      token >= 0x90 && token < 0xa0 ? token & 0x0f : token === 0xdc ? bytes.readUInt16BE(this.#take(2)) : -1
    if (count < 0) throw notPlain
    for (let i = 0; i < count; i++) this.#take(this.#nameLength())
    const end = this.#at
    const shape = this.#shapeOf(start, end, count)
    shapesLately.note(bytes, start, end, shape)
    return this.#object(this.#defineAs(id, shape))
  }

  #defineAs(id: number, shape: Shape): Shape {
    if (id === firstId) this.#first = shape
    else (this.#others ??= [])[id - firstId] = shape
    return shape
  }

  #nameLength(): number {
    const token = this.#bytes[this.#take(1)] as number
    if (token >= 0xa0 && token < 0xc0) return token & 0x1f
    if (token === 0xd9) return this.#bytes.readUInt8(this.#take(1))
    throw notPlain
  }

  #shapeOf(start: number, end: number, count: number): Shape {
    if (end - start > longestNames) throw notPlain
    const key = this.#bytes.toString('latin1', start, end)
    return shapeOf(key, () => new PlainReader(this.#bytes.subarray(start, end)).#names(count))
  }

  #names(count: number): readonly string[] {
    this.#take(count < 0x10 ? 1 : 3)
    const names = Array.from({ length: count }, () => this.#text(this.#nameLength()))
    // An assignment to it would change the prototype.
    if (names.includes('__proto__')) throw notPlain
    return names
  }
}

/** Reads one after the other: nothing that it calls comes back here. */
const reader = new PlainReader(nothing)

/** The value that stands at the end of `bytes`, from `start` on, or `notPlain`. */
export function readPlain(bytes: Buffer, start = 0): unknown {
  try {
    return reader.whole(bytes, start)
  } catch (error) {
    if (error === notPlain || error instanceof RangeError) return notPlain
    throw error
  }
}
