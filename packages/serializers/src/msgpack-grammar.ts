import { elementBytes } from './bytes-kinds.ts'
import { maxDepthRead } from './unescape.ts'

/*
 * msgpackr is lenient: it would also build errors, regular expressions, cyclic graphs, and whatever extensions other
 * packages of the process have registered. So each byte is checked against the grammar of what our encoder writes
 * before msgpackr sees it. Nothing is allocated here but one small number per record.
 */

/**
 * msgpackr compiles a function for a record that it reads for the fourth time. Each costs microseconds, so a megabyte
 * of hostile definitions would take a second.
 */
const compiledAfter = 3
const maxCompiled = 10_000

interface Shape {
  readonly fields: number
  reads: number
}

/** MessagePack's byte that no value begins with: it begins the escapes. */
export const markByte = 0xc1

const extension = { undefined: 0, bigint: 0x42, record: 0x72, set: 0x73, bytes: 0x74, date: 0xff } as const

class Grammar {
  escapes = false
  #at = 0
  #depth = 0
  readonly #bytes: Buffer
  #compiled = 0
  /** By the id of the record. */
  readonly #shapes = new Map<number, Shape>()

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  whole(): void {
    this.#value()
    if (this.#at !== this.#bytes.length) throw new Error('there are bytes after the value')
  }

  /** Where the next `count` bytes start, which are then behind us. */
  #take(count: number): number {
    const start = this.#at
    if (count > this.#bytes.length - start) throw new Error('the bytes end too early')
    this.#at = start + count
    return start
  }

  #uint(width: 1 | 2 | 4): number {
    return this.#bytes.readUIntBE(this.#take(width), width)
  }

  #value(): void {
    const token = this.#uint(1)
    if (token < 0x40 || token >= 0xe0) return
    if (token < 0x80) return this.#again(token)
    if (token < 0x90) return this.#values((token & 0x0f) * 2)
    if (token < 0xa0) return this.#array(token & 0x0f)
    if (token < 0xc0) return void this.#take(token & 0x1f)
    switch (token) {
      case 0xc0: // null
      case 0xc2: // false
      case 0xc3: // true
        return
      case 0xc4: // bytes
      case 0xd9: // text
        return void this.#take(this.#uint(1))
      case 0xc5:
      case 0xda:
        return void this.#take(this.#uint(2))
      case 0xc6:
      case 0xdb:
        return void this.#take(this.#uint(4))
      case 0xc7: // extension of any length
        return this.#extension(this.#uint(1))
      case 0xc8:
        return this.#extension(this.#uint(2))
      case 0xc9:
        return this.#extension(this.#uint(4))
      case 0xcc: // uint8
      case 0xd0: // int8
        return void this.#take(1)
      case 0xcd:
      case 0xd1:
        return void this.#take(2)
      case 0xce:
      case 0xd2:
        return void this.#take(4)
      case 0xcb: // float64
      case 0xcf: // uint64
      case 0xd3: // int64
        return void this.#take(8)
      case 0xd4: // extension of one byte, of four, eight, sixteen
        return this.#extension(1)
      case 0xd6:
        return this.#extension(4)
      case 0xd7:
        return this.#extension(8)
      case 0xd8:
        return this.#extension(16)
      case 0xdc: // array
        return this.#array(this.#uint(2))
      case 0xdd:
        return this.#array(this.#uint(4))
      case 0xde: // map
        return this.#values(this.#uint(2) * 2)
      case 0xdf:
        return this.#values(this.#uint(4) * 2)
      default:
        throw new Error(`0x${token.toString(16)} begins no value`)
    }
  }

  /** Each takes a byte at least, so that a count without as many bytes behind it ends where the bytes do. */
  #values(count: number): void {
    if (++this.#depth > maxDepthRead) throw new Error('the nesting is too deep')
    for (let i = 0; i < count; i++) this.#value()
    this.#depth--
  }

  #array(count: number): void {
    if (count === 0 || this.#bytes[this.#at] !== markByte) return this.#values(count)
    this.#take(1)
    this.escapes = true
    this.#values(count - 1)
  }

  /** A record of a shape defined earlier. */
  #again(id: number): void {
    const shape = this.#shapes.get(id)
    if (shape === undefined) throw new Error('a record was not defined')
    if (++shape.reads === compiledAfter && ++this.#compiled > maxCompiled)
      throw new Error('too many shapes of records')
    this.#values(shape.fields)
  }

  #extension(length: number): void {
    const type = this.#uint(1)
    const start = this.#take(length)
    const valid = this.#extensionFits(type, length, start)
    if (!valid) throw new Error(`extension 0x${type.toString(16)} of ${length} bytes is not one of ours`)
    if (type === extension.set) this.#values(this.#plainArray())
    if (type === extension.record) this.#record(this.#bytes[start] as number)
  }

  #extensionFits(type: number, length: number, start: number): boolean {
    const first = this.#bytes[start] as number
    switch (type) {
      case extension.undefined:
      case extension.set:
        return length === 1 && first === 0
      case extension.record:
        return length === 1 && first >= 0x40 && first < 0x80
      case extension.date:
        return length === 4 || length === 8 || length === 12 || length === 1
      case extension.bigint:
        return length > 8
      case extension.bytes: {
        const element = elementBytes.get(first)
        return length > 0 && element !== undefined && (length - 1) % element === 0
      }
      default:
        return false
    }
  }

  /** Set and record are followed by an array, which is never an escape. Returns its length. */
  #plainArray(): number {
    const token = this.#uint(1)
    if (token >= 0x90 && token < 0xa0) return token & 0x0f
    if (token === 0xdc) return this.#uint(2)
    if (token === 0xdd) return this.#uint(4)
    throw new Error('an array is missing')
  }

  #record(id: number): void {
    const fields = this.#plainArray()
    for (let i = 0; i < fields; i++) this.#name()
    this.#shapes.set(id, { fields, reads: 0 })
    this.#values(fields)
  }

  #name(): void {
    const start = this.#at
    const token = this.#uint(1)
    if (token >= 0xa0 && token < 0xc0) this.#take(token & 0x1f)
    else if (token === 0xd9) this.#take(this.#uint(1))
    else if (token === 0xda) this.#take(this.#uint(2))
    else if (token === 0xdb) this.#take(this.#uint(4))
    else throw new Error('a name is not text')
    // msgpackr would give it another name.
    if (this.#bytes.toString('latin1', start + 1, this.#at) === '__proto__')
      throw new Error('a name is `__proto__`')
  }
}

/** Whether there are escapes among the bytes. Throws for anything that our encoder doesn't write. */
export function checkGrammar(bytes: Buffer): boolean {
  const grammar = new Grammar(bytes)
  grammar.whole()
  return grammar.escapes
}
