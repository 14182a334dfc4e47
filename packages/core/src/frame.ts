import { crcOf } from './crc.ts'
import type { TagStamp } from './entry.ts'
import { viewOf } from './view-of.ts'

/*
 * A frame is an entry as bytes. The header is ours alone; tiers don't look inside. Numbers are big-endian.
 *   "TS" version:u8 flags:u8 codec:u8 transforms:u8×(count:u8) keyId:text8
 *   createdAt freshFor staleFor errorFor loadMs: f64 (ms; createdAt is wall-clock, the others durations)
 *   definition version:text8  etag:text16  key:text16  tags: count:u16 × (tag:text16 generation:text8)
 *   payload length:u32  crc32 over everything but itself:u32  payload
 * The full key is inside, so that an entry copied under another key is never served as that key's row.
 */
const formatVersion = 1
const magic = 0x5453

export interface FrameHeader {
  readonly codec: number
  /** Ids in the order in which they were applied. */
  readonly transforms: readonly number[]
  /** Which encryption key was used; empty when none. */
  readonly keyId: string
  /** Wall-clock instant (ms) at which the load began, on the writer's clock. */
  readonly createdAt: number
  /** Fresh for this long after `createdAt`, ms. */
  readonly freshFor: number
  /** swr window after that, ms. */
  readonly staleFor: number
  /** staleIfError window after that, ms. */
  readonly errorFor: number
  readonly loadMs: number
  readonly version: string
  readonly etag: string | undefined
  /** The load that made it, as a W3C `traceparent`. Stands in the etag's place, so one with an etag has none. */
  readonly trace?: string | undefined
  readonly key: string
  readonly tags: readonly TagStamp[]
}

/** What is wrong with a frame: its bytes, its seal, or the key that would open it. */
export type Flaw = 'decode' | 'auth' | 'key'

/** A frame that can't be trusted or understood. The chain turns it into a miss and a `poisoned` event. */
export class BadFrame extends Error {
  readonly why: Flaw

  constructor(message: string, options?: ErrorOptions & { readonly why?: Flaw }) {
    super(message, options)
    this.why = options?.why ?? 'decode'
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const hasEtag = 1
/** Readers that don't know this flag see no etag, and go on to the next field. */
const hasTrace = 2

class Writer {
  bytes = new Uint8Array(512)
  view = new DataView(this.bytes.buffer)
  at = 0

  room(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + more))
    grown.set(this.bytes)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  u8(n: number): void {
    this.room(1)
    this.bytes[this.at++] = n
  }

  u16(n: number): void {
    this.room(2)
    this.view.setUint16(this.at, n)
    this.at += 2
  }

  u32(n: number): void {
    this.room(4)
    this.view.setUint32(this.at, n)
    this.at += 4
  }

  f64(n: number): void {
    this.room(8)
    this.view.setFloat64(this.at, n)
    this.at += 8
  }

  text(text: string, width: 1 | 2): void {
    this.room(2 + text.length * 3)
    const start = this.at + width
    const { written } = encoder.encodeInto(text, this.bytes.subarray(start))
    if (written >= 1 << (8 * width))
      throw new RangeError(`a text of ${written} bytes doesn't fit into a frame header`)
    if (width === 1) this.bytes[this.at] = written
    else this.view.setUint16(this.at, written)
    this.at = start + written
  }
}

/** The header as bytes, up to the length of the payload. */
export function encodeHead(header: FrameHeader): Uint8Array {
  const w = new Writer()
  w.u16(magic)
  w.u8(formatVersion)
  w.u8(header.etag !== undefined ? hasEtag : header.trace !== undefined ? hasTrace : 0)
  w.u8(header.codec)
  w.u8(header.transforms.length)
  for (const id of header.transforms) w.u8(id)
  w.text(header.keyId, 1)
  w.f64(header.createdAt)
  w.f64(header.freshFor)
  w.f64(header.staleFor)
  w.f64(header.errorFor)
  w.f64(header.loadMs)
  w.text(header.version, 1)
  w.text(header.etag ?? header.trace ?? '', 2)
  w.text(header.key, 2)
  w.u16(header.tags.length)
  for (const { tag, generation } of header.tags) {
    w.text(tag, 2)
    w.text(generation, 1)
  }
  return w.bytes.subarray(0, w.at)
}

/** Puts a payload behind its header. */
export function joinFrame(head: Uint8Array, payload: Uint8Array): Uint8Array {
  const at = head.length + 4
  const frame = new Uint8Array(at + 4 + payload.length)
  const view = new DataView(frame.buffer)
  frame.set(head)
  view.setUint32(head.length, payload.length)
  frame.set(payload, at + 4)
  view.setUint32(at, crcOf(frame, at + 4, frame.length, crcOf(frame, 0, at)))
  return frame
}

/** Bytes of header and payload. */
export function encodeFrame(header: FrameHeader, payload: Uint8Array): Uint8Array {
  return joinFrame(encodeHead(header), payload)
}

/** Reads one frame after the other: an object per frame would cost more than what it reads. */
class Reader {
  at = 0
  #bytes: Uint8Array = nothing
  #length = 0

  get bytes(): Uint8Array {
    return this.#bytes
  }

  open(bytes: Uint8Array): void {
    this.at = 0
    this.#bytes = bytes
    this.#length = bytes.length
  }

  take(count: number): number {
    const start = this.at
    const end = start + count
    if (end > this.#length) throw new BadFrame('frame is truncated')
    this.at = end
    return start
  }

  u8(): number {
    return this.#bytes[this.take(1)] as number
  }

  u16(): number {
    const start = this.take(2)
    return ((this.#bytes[start] as number) << 8) | (this.#bytes[start + 1] as number)
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16()
  }

  /** Where so many numbers of 64 bits begin, in `viewOf` the bytes. */
  doubles(count: number): number {
    return this.#bytes.byteOffset + this.take(8 * count)
  }

  /** A text that is most likely `guess`: told by its bytes, without making it. */
  text(width: 1 | 2, guess: string): string {
    const length = width === 1 ? this.u8() : this.u16()
    if (length === 0) return ''
    const start = this.take(length)
    if (length === guess.length && this.#isAscii(start, guess)) return guess
    return decoder.decode(this.#bytes.subarray(start, start + length))
  }

  #isAscii(start: number, text: string): boolean {
    const bytes = this.#bytes
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f || unit !== bytes[start + i]) return false
    }
    return true
  }
}

const nothing = new Uint8Array(0)

/**
 * Tags of frames that were read lately, by their bytes: the entries of a definition mostly carry the same ones, and
 * whoever sees the same list again needn't look at it again.
 */
class TagLists {
  readonly #lists: { readonly bytes: Uint8Array; readonly tags: readonly TagStamp[] }[] = []
  #next = 0

  /** The list that begins at the reader, if it was seen lately. */
  find(r: Reader): readonly TagStamp[] | undefined {
    for (const { bytes, tags } of this.#lists) {
      if (!startsWith(r.bytes, r.at, bytes)) continue
      r.at += bytes.length
      return tags
    }
    return undefined
  }

  note(bytes: Uint8Array, tags: readonly TagStamp[]): void {
    if (bytes.length > longestList) return
    this.#lists[this.#next] = { bytes: bytes.slice(), tags }
    this.#next = (this.#next + 1) % listsKept
  }
}

const listsKept = 8
const longestList = 512

function startsWith(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  if (at + part.length > bytes.length) return false
  // Generations differ, and stand at the end.
  for (let i = part.length - 1; i >= 0; i--) if (bytes[at + i] !== part[i]) return false
  return true
}

const tagLists = new TagLists()

function readTags(r: Reader): readonly TagStamp[] {
  const known = tagLists.find(r)
  if (known) return known
  const start = r.at
  const tags = Array.from({ length: r.u16() }, () => ({ tag: r.text(2, ''), generation: r.text(1, '') }))
  tagLists.note(r.bytes.subarray(start, r.at), tags)
  return tags
}

const noTransforms: readonly number[] = []
let lastVersion = '1'
let lastKeyId = ''

/** A frame taken apart. `head` and `payload` are views of its bytes, not copies. */
export interface OpenFrame {
  readonly header: FrameHeader
  /** The header as it was read. */
  readonly head: Uint8Array
  readonly payload: Uint8Array
}

const reader = new Reader()

/** Throws `BadFrame` for anything that isn't an intact frame of `key`. */
export function decodeFrame(bytes: Uint8Array, key: string): OpenFrame {
  reader.open(bytes)
  try {
    return read(reader, bytes, key)
  } catch (error) {
    throw error instanceof BadFrame ? error : new BadFrame('frame header is not readable', { cause: error })
  } finally {
    reader.open(nothing)
  }
}

function read(r: Reader, bytes: Uint8Array, key: string): OpenFrame {
  if (r.u16() !== magic) throw new BadFrame('not a frame')
  const version = r.u8()
  if (version !== formatVersion)
    throw new BadFrame(`frame has format version ${version}, this reader knows ${formatVersion}`)
  const frame = new TakenApart(r, key)
  const length = r.u32()
  const end = r.at
  const sum = r.u32()
  if (r.at + length !== bytes.length) throw new BadFrame('frame is truncated')
  if (crcOf(bytes, r.at, bytes.length, crcOf(bytes, 0, end)) !== sum) throw new BadFrame('frame is damaged')
  if (frame.key !== key) throw new BadFrame('frame belongs to another key')
  return frame
}

/** One object, which leaves its numbers where they are: a header beside it, and a box for each, would cost more than to read them. */
class TakenApart implements OpenFrame, FrameHeader {
  readonly codec: number
  readonly transforms: readonly number[]
  readonly keyId: string
  readonly version: string
  readonly etag: string | undefined
  readonly trace: string | undefined
  readonly key: string
  readonly tags: readonly TagStamp[]
  readonly #bytes: Uint8Array
  readonly #numbersAt: number
  readonly #headEnd: number

  constructor(r: Reader, guess: string) {
    this.#bytes = r.bytes
    const flags = r.u8()
    this.codec = r.u8()
    const steps = r.u8()
    this.transforms = steps === 0 ? noTransforms : Array.from({ length: steps }, () => r.u8())
    this.keyId = lastKeyId = r.text(1, lastKeyId)
    this.#numbersAt = r.doubles(5)
    for (let i = 1; i < 5; i++)
      if (!(this.#number(i) >= 0)) throw new BadFrame('frame has an impossible duration')
    this.version = lastVersion = r.text(1, lastVersion)
    const note = r.text(2, '')
    this.etag = (flags & hasEtag) === 0 ? undefined : note
    this.trace = this.etag === undefined && (flags & hasTrace) !== 0 ? note : undefined
    this.key = r.text(2, guess)
    this.tags = readTags(r)
    this.#headEnd = r.at
  }

  get createdAt(): number {
    return this.#number(0)
  }

  get freshFor(): number {
    return this.#number(1)
  }

  get staleFor(): number {
    return this.#number(2)
  }

  get errorFor(): number {
    return this.#number(3)
  }

  get loadMs(): number {
    return this.#number(4)
  }

  get header(): FrameHeader {
    return this
  }

  get head(): Uint8Array {
    return this.#bytes.subarray(0, this.#headEnd)
  }

  get payload(): Uint8Array {
    return this.#bytes.subarray(this.#headEnd + 8)
  }

  #number(i: number): number {
    return viewOf(this.#bytes.buffer).getFloat64(this.#numbersAt + 8 * i)
  }
}

/** What a transform is told of where the value belongs. */
export function associatedBytes(namespace: string, key: string, version: string): Uint8Array {
  return encoder.encode(`${namespace}\0${version}\0${key}`)
}
