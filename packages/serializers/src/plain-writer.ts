// oxlint-disable-next-line unbound-method -- it is always called on a text; looked up anew at each letter it costs more
const { charCodeAt } = String.prototype
/*
 * The plain part of what msgpackr writes, checked and written in one pass: null, booleans, numbers, text, arrays, dates
 * of this century and the last, and records (names once, then values). Byte for byte what msgpackr makes of it. Anything
 * else is not plain and is left to the escapes and to msgpackr.
 *
 * Shapes of records are remembered with the bytes of their names: most values that are stored have one of a few.
 */

interface Shape {
  readonly names: readonly string[]
  /** Names as they stand behind a record's id; undefined: one of them is not plain. */
  readonly bytes: Uint8Array | undefined
}

const shapesKept = 1_000
const longestNames = 2_000
const shapesAtHand = 4
/** Shapes in one value. Of more, ids would take two bytes. */
const mostShapes = 30
/** Nested deeper, values are left to those who can tell a cycle. */
const deepest = 50
const chunkBytes = 8 * 1_024
/** Below, a loop is faster than a call. */
const shortText = 64

const firstId = 0x40
/** Names that msgpackr changes, takes for its own, or looks at before it writes. */
const otherNames: ReadonlySet<string> = new Set([
  '__proto__',
  '__keys__',
  'constructor',
  'hasOwnProperty',
  'toJSON',
])

const shapes = new Map<string, Shape>()

const full = new Error('no room')

class PlainWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(chunkBytes)
  #view: DataView = new DataView(this.#bytes.buffer)
  #start = 0
  #at = 0
  #depth = 0
  #busy = false
  /** The bytes in hand are the caller's: there is no more room than they have. */
  #lent = false
  /** Shapes of the value in hand, in the order of their ids. */
  readonly #used: Shape[] = []
  readonly #lately: Shape[] = []
  #next = 0

  /** The bytes of a plain value; undefined for any other. */
  whole(value: unknown): Uint8Array | undefined {
    // A getter may come back here.
    if (this.#busy) return undefined
    this.#busy = true
    this.#start = this.#at
    try {
      if (this.#value(value)) return this.#bytes.subarray(this.#start, this.#at)
    } catch {
      // Whoever reads it again says where it threw.
    } finally {
      this.#busy = false
      this.#depth = 0
      this.#used.length = 0
    }
    this.#at = this.#start
    return undefined
  }

  /**
   * Writes a plain value into the caller's bytes. Returns where it ends, a place past their end if they have no room for
   * it; undefined for any other value.
   */
  into(bytes: Buffer, view: DataView, at: number, value: unknown): number | undefined {
    if (this.#busy) return undefined
    const own = this.#bytes
    const ownView = this.#view
    const ownAt = this.#at
    this.#busy = true
    this.#lent = true
    this.#bytes = bytes
    this.#view = view
    this.#start = this.#at = at
    try {
      return this.#value(value) ? this.#at : undefined
    } catch (error) {
      return error === full ? bytes.length + 1 : undefined
    } finally {
      this.#busy = false
      this.#lent = false
      this.#depth = 0
      this.#used.length = 0
      this.#bytes = own
      this.#view = ownView
      this.#at = ownAt
    }
  }

  #value(value: unknown): boolean {
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        return this.#number(value)
      case 'boolean':
        this.#room(1)
        this.#bytes[this.#at++] = value ? 0xc3 : 0xc2
        return true
      case 'object':
        if (value !== null) return this.#object(value)
        this.#room(1)
        this.#bytes[this.#at++] = 0xc0
        return true
      default:
        return false
    }
  }

  #object(value: object): boolean {
    if (++this.#depth > deepest) return false
    const prototype: unknown = Object.getPrototypeOf(value)
    const written =
      prototype === Object.prototype
        ? this.#record(value as Readonly<Record<string, unknown>>)
        : prototype === Array.prototype && Array.isArray(value)
          ? this.#array(value)
          : prototype === Date.prototype && this.#date(value as Date)
    this.#depth--
    return written
  }

  #record(source: Readonly<Record<string, unknown>>): boolean {
    if (Object.getOwnPropertySymbols(source).length > 0) return false
    const begun = this.#at - this.#start
    const used = this.#used.length
    const written = this.#recordAsLately(source)
    if (written !== undefined) return written
    this.#at = this.#start + begun
    this.#used.length = used
    const names = Object.keys(source)
    if (!this.#recordHead(this.#shapeOf(names))) return false
    for (let i = 0; i < names.length; i++) if (!this.#value(source[names[i] as string])) return false
    return true
  }

  /**
   * A record of a shape that was met lately, in one pass without a list of its names; undefined for any other, of which a
   * part may be written.
   */
  #recordAsLately(source: Readonly<Record<string, unknown>>): boolean | undefined {
    let names: readonly string[] | undefined
    let count = 0
    // Inherited names are none of any shape: there the lists differ in the end.
    for (const name in source) {
      if (names === undefined) {
        const shape = this.#latelyFrom(name)
        if (shape === undefined || !this.#recordHead(shape)) return undefined
        ;({ names } = shape)
      }
      if (name !== names[count++]) return undefined
      if (!this.#value(source[name])) return false
    }
    return names === undefined || count < names.length ? undefined : true
  }

  #latelyFrom(name: string): Shape | undefined {
    for (const shape of this.#lately) if (shape.names[0] === name) return shape
    return undefined
  }

  #recordHead(shape: Shape): boolean {
    if (shape.bytes === undefined) return false
    const id = this.#used.indexOf(shape)
    if (id < 0) return this.#define(shape, shape.bytes)
    this.#room(1)
    this.#bytes[this.#at++] = firstId + id
    return true
  }

  #define(shape: Shape, bytes: Uint8Array): boolean {
    const id = this.#used.length
    if (id === mostShapes) return false
    this.#used.push(shape)
    this.#room(3 + bytes.length)
    let at = this.#at
    this.#bytes[at++] = 0xd4
    this.#bytes[at++] = 0x72
    this.#bytes[at++] = firstId + id
    this.#bytes.set(bytes, at)
    this.#at = at + bytes.length
    return true
  }

  #shapeOf(names: readonly string[]): Shape {
    for (const shape of this.#lately) if (same(shape.names, names)) return shape
    // Not joined by any character: a name may contain it.
    const key = JSON.stringify(names)
    let shape = shapes.get(key)
    if (shape === undefined) {
      shape = { names, bytes: bytesOf(names) }
      if (shapes.size < shapesKept && key.length <= longestNames) shapes.set(key, shape)
    }
    this.#lately[this.#next] = shape
    this.#next = (this.#next + 1) % shapesAtHand
    return shape
  }

  #array(items: readonly unknown[]): boolean {
    const { length } = items
    if (Object.keys(items).length !== length || Object.getOwnPropertySymbols(items).length > 0) return false
    this.#room(5)
    let at = this.#at
    if (length < 0x10) this.#bytes[at++] = 0x90 | length
    else if (length < 0x1_0000) {
      this.#bytes[at] = 0xdc
      this.#view.setUint16(at + 1, length)
      at += 3
    } else {
      this.#bytes[at] = 0xdd
      this.#view.setUint32(at + 1, length)
      at += 5
    }
    this.#at = at
    for (let i = 0; i < length; i++) if (!this.#value(items[i])) return false
    return true
  }

  #date(date: Date): boolean {
    const time = date.getTime()
    const seconds = Math.floor(time / 1_000)
    if (!(time >= 0 && seconds < 2 ** 32)) return false
    if (Object.keys(date).length > 0 || Object.getOwnPropertySymbols(date).length > 0) return false
    const ms = time % 1_000
    this.#room(10)
    let at = this.#at
    this.#bytes[at] = ms === 0 ? 0xd6 : 0xd7
    this.#bytes[at + 1] = 0xff
    at += 2
    if (ms > 0) {
      this.#view.setUint32(at, ms * 4e6)
      at += 4
    }
    this.#view.setUint32(at, seconds)
    this.#at = at + 4
    return true
  }

  #number(number: number): boolean {
    this.#room(9)
    const bytes = this.#bytes
    const view = this.#view
    const at = this.#at
    if (number >>> 0 === number) {
      if (Object.is(number, -0)) return false
      if (number < 0x40) {
        bytes[at] = number
        this.#at = at + 1
      } else if (number < 0x100) {
        bytes[at] = 0xcc
        bytes[at + 1] = number
        this.#at = at + 2
      } else if (number < 0x1_0000) {
        bytes[at] = 0xcd
        view.setUint16(at + 1, number)
        this.#at = at + 3
      } else {
        bytes[at] = 0xce
        view.setUint32(at + 1, number)
        this.#at = at + 5
      }
    } else if (number >> 0 === number) this.#negative(number)
    else {
      bytes[at] = 0xcb
      view.setFloat64(at + 1, number)
      this.#at = at + 9
    }
    return true
  }

  #negative(number: number): void {
    const view = this.#view
    const at = this.#at
    if (number >= -0x20) {
      view.setInt8(at, number)
      this.#at = at + 1
    } else if (number >= -0x80) {
      view.setUint8(at, 0xd0)
      view.setInt8(at + 1, number)
      this.#at = at + 2
    } else if (number >= -0x8000) {
      view.setUint8(at, 0xd1)
      view.setInt16(at + 1, number)
      this.#at = at + 3
    } else {
      view.setUint8(at, 0xd2)
      view.setInt32(at + 1, number)
      this.#at = at + 5
    }
  }

  #text(text: string): boolean {
    const { length } = text
    if (length >= shortText) return this.#longText(text)
    this.#room(2 + length)
    const bytes = this.#bytes
    const from = this.#at + (length < 0x20 ? 1 : 2)
    let all = 0
    for (let i = 0; i < length; i++) {
      const unit = charCodeAt.call(text, i)
      all |= unit
      bytes[from + i] = unit
    }
    if (all >= 0x80) return this.#wideText(text)
    this.#textHead(length)
    this.#at = from + length
    return true
  }

  #longText(text: string): boolean {
    const { length } = text
    this.#room(5 + length * 3)
    const start = this.#at
    const from = this.#textHead(length)
    const written = this.#bytes.write(text, from)
    if (written === length) {
      this.#at = from + length
      return true
    }
    this.#at = start
    return this.#wideText(text)
  }

  /** A text that isn't ASCII. UTF-8 has no lone surrogates, and the reader drops a byte order mark from the start. */
  #wideText(text: string): boolean {
    if (!text.isWellFormed() || text.charCodeAt(0) === 0xfeff) return false
    const length = Buffer.byteLength(text)
    this.#room(5 + length)
    const from = this.#textHead(length)
    this.#bytes.write(text, from)
    this.#at = from + length
    return true
  }

  /** Writes what stands before a text of so many bytes; returns where the text begins. */
  #textHead(length: number): number {
    const at = this.#at
    if (length < 0x20) {
      this.#bytes[at] = 0xa0 | length
      return at + 1
    }
    if (length < 0x100) {
      this.#bytes[at] = 0xd9
      this.#bytes[at + 1] = length
      return at + 2
    }
    if (length < 0x1_0000) {
      this.#bytes[at] = 0xda
      this.#view.setUint16(at + 1, length)
      return at + 3
    }
    this.#bytes[at] = 0xdb
    this.#view.setUint32(at + 1, length)
    return at + 5
  }

  #room(most: number): void {
    if (this.#at + most <= this.#bytes.length) return
    if (this.#lent) throw full
    const before = this.#bytes.subarray(this.#start, this.#at)
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(chunkBytes, (before.length + most) * 2))
    this.#view = new DataView(this.#bytes.buffer)
    this.#bytes.set(before)
    this.#start = 0
    this.#at = before.length
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Apart from the other's: shapes are met in the middle of a value. */
const namesWriter = new PlainWriter()

function bytesOf(names: readonly string[]): Uint8Array | undefined {
  if (names.some((name) => otherNames.has(name))) return undefined
  return namesWriter.whole(names)?.slice()
}

const writer = new PlainWriter()

/** The bytes of a plain value, as msgpackr writes them; undefined when it must see to the value. */
export function writePlain(value: unknown): Uint8Array | undefined {
  return writer.whole(value)
}

let lent: Buffer = Buffer.alloc(0)
let lentView = new DataView(lent.buffer)
/** What is written one after the other mostly goes into one piece of memory; a large one isn't to be held by this. */
const largestHeld = 2 ** 18

/**
 * Writes the bytes of a plain value into `bytes`, from `at` on. Returns where they end, a place past the end if there is
 * too little room; undefined when msgpackr must see to the value.
 */
export function writePlainInto(value: unknown, bytes: Uint8Array, at: number): number | undefined {
  const { buffer, byteOffset, byteLength } = bytes
  if (buffer !== lent.buffer || byteOffset !== lent.byteOffset || byteLength !== lent.byteLength) {
    const given = Buffer.from(buffer, byteOffset, byteLength)
    const view = new DataView(buffer, byteOffset, byteLength)
    if (buffer.byteLength > largestHeld) return writer.into(given, view, at, value)
    lent = given
    lentView = view
  }
  return writer.into(lent, lentView, at, value)
}
