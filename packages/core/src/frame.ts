import { asciiInto } from './ascii-into.ts'
import { crcOf } from './crc.ts'
import type { TagStamp } from './entry.ts'

/*
 * A frame is an entry as bytes. The header is ours alone; tiers don't look inside. Numbers are big-endian.
 *   "TS" version:u8 flags:u8 codec:u8 transforms:u8×(count:u8) keyId:text8
 *   createdAt freshFor staleFor errorFor loadMs: f64 (ms; createdAt is wall-clock, the others durations)
 *   definition version:text8  etag:text16  key:text16  tags: count:u16 × (tag:text16 generation:text8)
 *   payload length:u32  crc32 over everything but itself:u32  payload
 * The full key is inside, so that an entry copied under another key is never served as that key's row.
 */
export const formatVersion = 1
export const magic = 0x5453

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
/** What a frame may have. */
export const hasEtag = 1
/** Readers that don't know this flag see no etag, and go on to the next field. */
export const hasTrace = 2

/** Below, a loop is faster than a call. */
const shortText = 64

class Writer {
  bytes: Uint8Array = new Uint8Array(512)
  view: DataView = new DataView(this.bytes.buffer)
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
    const { length } = text
    this.room(2 + length * 3)
    const start = this.at + width
    const written =
      length < shortText && asciiInto(text, this.bytes, start)
        ? length
        : encoder.encodeInto(text, this.bytes.subarray(start)).written
    if (written >= 1 << (8 * width))
      throw new RangeError(`a text of ${written} bytes doesn't fit into a frame header`)
    if (width === 1) this.bytes[this.at] = written
    else this.view.setUint16(this.at, written)
    this.at = start + written
  }
}

const writer = new Writer()

/** The header as bytes, up to the length of the payload. */
export function encodeHead(header: FrameHeader): Uint8Array {
  return headInHand(header).slice()
}

/** As `encodeHead`, in room that the next header takes. */
export function headInHand(header: FrameHeader): Uint8Array {
  const w = writer
  w.at = 0
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
  // All of it is written below: to clear it first would cost as much again.
  const frame = Buffer.allocUnsafe(at + 4 + payload.length)
  frame.set(head)
  frame.writeUInt32BE(payload.length, head.length)
  frame.set(payload, at + 4)
  frame.writeUInt32BE(crcOf(frame, at + 4, frame.length, crcOf(frame, 0, at)), at)
  return frame
}

/** Bytes of header and payload. */
export function encodeFrame(header: FrameHeader, payload: Uint8Array): Uint8Array {
  return joinFrame(encodeHead(header), payload)
}

/** A frame taken apart. `head` and `payload` are views of its bytes, not copies. */
export interface OpenFrame {
  readonly header: FrameHeader
  /** The header as it was read. */
  readonly head: Uint8Array
  readonly payload: Uint8Array
  /** The bytes at whose end the payload stands, and where it begins; undefined where it stands for itself. */
  readonly whole?: Uint8Array
  readonly payloadStart?: number
}

/** What a transform is told of where the value belongs. */
export function associatedBytes(namespace: string, key: string, version: string): Uint8Array {
  return encoder.encode(`${namespace}\0${version}\0${key}`)
}
