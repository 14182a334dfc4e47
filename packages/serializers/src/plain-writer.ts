import { full, MsgpackBytes } from './msgpack-bytes.ts'
import { WrittenShapes } from './written-shapes.ts'
import type { Shape } from './written-shapes.ts'

/*
 * The plain part of what msgpackr writes, checked and written in one pass: null, booleans, numbers, text, arrays, dates
 * of this century and the last, and records (names once, then values). Byte for byte what msgpackr makes of it. Anything
 * else is not plain and is left to the escapes and to msgpackr.
 *
 * Shapes of records are remembered with the bytes of their names: most values that are stored have one of a few.
 */

/** Shapes in one value. Of more, ids would take two bytes. */
const mostShapes = 30
/** Nested deeper, values are left to those who can tell a cycle. */
const deepest = 50
const firstId = 0x40

class PlainWriter extends MsgpackBytes {
  #depth = 0
  #busy = false
  /** Shapes of the value in hand, in the order of their ids. */
  readonly #used: Shape[] = []
  readonly #shapes = new WrittenShapes()

  /** The bytes of a plain value; undefined for any other. */
  whole(value: unknown): Uint8Array | undefined {
    // A getter may come back here.
    if (this.#busy) return undefined
    this.#busy = true
    this.start = this.at
    try {
      if (this.#value(value)) return this.bytes.subarray(this.start, this.at)
    } catch {
      // Whoever reads it again says where it threw.
    } finally {
      this.#busy = false
      this.#depth = 0
      this.#used.length = 0
    }
    this.at = this.start
    return undefined
  }

  /**
   * Writes a plain value into the caller's bytes. Returns where it ends, a place past their end if they have no room for
   * it; undefined for any other value.
   */
  into(bytes: Buffer, view: DataView, at: number, value: unknown): number | undefined {
    if (this.#busy) return undefined
    const own = this.bytes
    const ownView = this.view
    const ownAt = this.at
    this.#busy = true
    this.lent = true
    this.bytes = bytes
    this.view = view
    this.start = this.at = at
    try {
      return this.#value(value) ? this.at : undefined
    } catch (error) {
      return error === full ? bytes.length + 1 : undefined
    } finally {
      this.#busy = false
      this.lent = false
      this.#depth = 0
      this.#used.length = 0
      this.bytes = own
      this.view = ownView
      this.at = ownAt
    }
  }

  #value(value: unknown): boolean {
    switch (typeof value) {
      case 'string':
        return this.text(value)
      case 'number':
        return this.number(value)
      case 'boolean':
        this.room(1)
        this.bytes[this.at++] = value ? 0xc3 : 0xc2
        return true
      case 'object':
        if (value !== null) return this.#object(value)
        this.room(1)
        this.bytes[this.at++] = 0xc0
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
          : prototype === Date.prototype && this.date(value as Date)
    this.#depth--
    return written
  }

  #record(source: Readonly<Record<string, unknown>>): boolean {
    if (Object.getOwnPropertySymbols(source).length > 0) return false
    const begun = this.at - this.start
    const used = this.#used.length
    const written = this.#recordAsLately(source)
    if (written !== undefined) return written
    this.at = this.start + begun
    this.#used.length = used
    const names = Object.keys(source)
    if (!this.#recordHead(this.#shapes.of(names))) return false
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
        const shape = this.#shapes.beginningWith(name)
        if (shape === undefined || !this.#recordHead(shape)) return undefined
        ;({ names } = shape)
      }
      if (name !== names[count++]) return undefined
      if (!this.#value(source[name])) return false
    }
    return names === undefined || count < names.length ? undefined : true
  }

  #recordHead(shape: Shape): boolean {
    if (shape.bytes === undefined) return false
    const id = this.#used.indexOf(shape)
    if (id < 0) return this.#define(shape, shape.bytes)
    this.room(1)
    this.bytes[this.at++] = firstId + id
    return true
  }

  #define(shape: Shape, bytes: Uint8Array): boolean {
    const id = this.#used.length
    if (id === mostShapes) return false
    this.#used.push(shape)
    this.room(3 + bytes.length)
    let at = this.at
    this.bytes[at++] = 0xd4
    this.bytes[at++] = 0x72
    this.bytes[at++] = firstId + id
    this.bytes.set(bytes, at)
    this.at = at + bytes.length
    return true
  }

  #array(items: readonly unknown[]): boolean {
    const { length } = items
    if (Object.keys(items).length !== length || Object.getOwnPropertySymbols(items).length > 0) return false
    this.arrayHead(length)
    for (let i = 0; i < length; i++) if (!this.#value(items[i])) return false
    return true
  }
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
