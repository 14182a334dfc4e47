import type { Lsn } from './lsn.ts'

/*
 * Messages of the output plugin `pgoutput`, protocol version 1: PostgreSQL documentation, "Logical Replication Message
 * Formats". Numbers are big-endian. A transaction comes whole, after its commit, however large it is.
 */

export interface RelationColumn {
  readonly name: string
  readonly type: number
  /** Part of the replica identity. */
  readonly identity: boolean
}

export interface Relation {
  readonly id: number
  readonly schema: string
  readonly table: string
  /** `d` default, `n` nothing, `f` full, `i` index. */
  readonly identity: string
  readonly columns: readonly RelationColumn[]
}

/** Values by position: text, null, or undefined where an unchanged large value wasn't sent. */
export type Tuple = readonly (string | null | undefined)[]

export type PgoutputMessage =
  | { readonly kind: 'begin'; readonly xid: number }
  /** `end`: the position after the transaction. */
  | { readonly kind: 'commit'; readonly end: Lsn }
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'insert'; readonly relation: number; readonly row: Tuple }
  | {
      readonly kind: 'update'
      readonly relation: number
      /** Only the replica identity's columns are set in `key`. */
      readonly key: Tuple | undefined
      readonly old: Tuple | undefined
      readonly row: Tuple
    }
  | {
      readonly kind: 'delete'
      readonly relation: number
      readonly key: Tuple | undefined
      readonly old: Tuple | undefined
    }
  | { readonly kind: 'truncate'; readonly relations: readonly number[] }
  /** Origins, types and logical messages, which concern nobody here. */
  | { readonly kind: 'other' }

/** A cursor over one message. */
class Cursor {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++)
  }

  letter(): string {
    return String.fromCharCode(this.byte())
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readUInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#bytes.readUInt32BE(this.#at - 4)
  }

  int64(): bigint {
    this.#at += 8
    return this.#bytes.readBigUInt64BE(this.#at - 8)
  }

  /** A text that ends with a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 1
    return text
  }

  counted(): string {
    const length = this.int32()
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }

  tuple(): Tuple {
    return Array.from({ length: this.int16() }, () => {
      const kind = this.letter()
      if (kind === 'n') return null
      return kind === 'u' ? undefined : this.counted()
    })
  }
}

/** Reads one message that begins at `at`. Throws a RangeError when it is cut short. */
export function decodePgoutput(bytes: Buffer, at = 0): PgoutputMessage {
  const cursor = new Cursor(bytes, at)
  switch (cursor.letter()) {
    case 'B':
      cursor.int64()
      cursor.int64()
      return { kind: 'begin', xid: cursor.int32() }
    case 'C':
      cursor.byte()
      cursor.int64()
      return { kind: 'commit', end: cursor.int64() }
    case 'R':
      return { kind: 'relation', relation: relationOf(cursor) }
    case 'I': {
      const relation = cursor.int32()
      cursor.letter()
      return { kind: 'insert', relation, row: cursor.tuple() }
    }
    case 'U': {
      const relation = cursor.int32()
      const { key, old, next } = before(cursor)
      if (next === undefined) cursor.letter()
      return { kind: 'update', relation, key, old, row: cursor.tuple() }
    }
    case 'D': {
      const relation = cursor.int32()
      const { key, old } = before(cursor)
      return { kind: 'delete', relation, key, old }
    }
    case 'T': {
      const count = cursor.int32()
      cursor.byte()
      return { kind: 'truncate', relations: Array.from({ length: count }, () => cursor.int32()) }
    }
    default:
      return { kind: 'other' }
  }
}

function relationOf(cursor: Cursor): Relation {
  const id = cursor.int32()
  const schema = cursor.text()
  const table = cursor.text()
  const identity = cursor.letter()
  const columns = Array.from({ length: cursor.int16() }, (): RelationColumn => {
    const part = cursor.byte() === 1
    const name = cursor.text()
    const type = cursor.int32()
    cursor.int32()
    return { name, type, identity: part }
  })
  return { id, schema, table, identity, columns }
}

/** The part before the new row: a key, a whole old row, or nothing (`next` is then the letter of the new row). */
function before(cursor: Cursor): { key?: Tuple; old?: Tuple; next?: string } {
  const letter = cursor.letter()
  if (letter === 'K') return { key: cursor.tuple() }
  return letter === 'O' ? { old: cursor.tuple() } : { next: letter }
}
