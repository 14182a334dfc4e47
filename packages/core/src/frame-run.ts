import { asciiInto } from './ascii-into.ts'
import type { Codec } from './codec.ts'
import { crcOf } from './crc.ts'
import type { SealKey } from './encryption.ts'
import type { TagStamp } from './entry.ts'
import { encodeHead } from './frame.ts'
import type { FrameHeader } from './frame.ts'
import type { Frames, Payload } from './frames.ts'

/** What the frames of one batch have in common. */
export type RunHeader = Pick<
  FrameHeader,
  'createdAt' | 'staleFor' | 'errorFor' | 'loadMs' | 'version' | 'etag' | 'trace'
>

/** What is a frame's own. */
export interface OwnHeader {
  readonly key: string
  readonly freshFor: number
  readonly tags: readonly TagStamp[]
}

/** Where a header that names neither transforms nor a key id has `freshFor`. */
const freshForAt = 15
/** Room for a header's key in UTF-8; a longer one goes the long way. */
const longestKey = 1_024
const chunkBytes = 64 * 1_024
const encoder = new TextEncoder()

function isShort(key: string): boolean {
  return key.length * 3 <= longestKey
}

/**
 * Frames of one batch, side by side in few buffers: what they have in common is written once and copied, which takes a
 * third of the time of a header for each. The same bytes as `Frames.frame` makes; what is sealed or transformed goes
 * that way.
 */
export class FrameRun {
  readonly #frames: Frames
  readonly #common: RunHeader
  #codec = -1
  /** All of a header that comes before its key. */
  #start: Uint8Array = new Uint8Array(0)
  #tags: readonly TagStamp[] | undefined
  /** All of a header that comes behind its key. */
  #end: Uint8Array = new Uint8Array(0)
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#bytes.buffer)
  #at = 0
  /** The codec writes values where they are to stand. */
  #inPlace = true

  constructor(frames: Frames, common: RunHeader) {
    this.#frames = frames
    this.#common = common
  }

  /** Of a payload. A view that stays as it is. */
  frame(payload: Payload, own: OwnHeader, sealKey: SealKey | undefined): Uint8Array {
    const { bytes: given, codec, transforms } = payload
    if (sealKey !== undefined || transforms.length > 0 || !isShort(own.key))
      return this.#frames.frame(payload, { ...this.#common, ...own }, sealKey)
    const start = this.#room(this.#headRoom(own, codec) + given.length)
    const at = this.#head(own, start)
    this.#bytes.set(given, at + 8)
    return this.#whole(start, at, at + 8 + given.length)
  }

  /** Of a value, which the codec writes where it is to stand, if it can. Throws what the codec throws. */
  frameOf(
    value: unknown,
    own: OwnHeader,
    o: { readonly codec: Codec | undefined; readonly sealKey: SealKey | undefined },
  ): Uint8Array {
    const { codec, sealKey } = o
    if (this.#inPlace && sealKey === undefined && isShort(own.key)) {
      const used = this.#frames.codecOf(codec)
      const framed = used && this.#framedInPlace(value, own, used)
      if (framed !== undefined) return framed
    }
    const { version } = this.#common
    return this.frame(this.#frames.encode(value, own.key, version, codec), own, sealKey)
  }

  #framedInPlace(value: unknown, own: OwnHeader, codec: Codec): Uint8Array | undefined {
    const room = this.#headRoom(own, codec.id)
    for (;;) {
      const start = this.#room(room)
      const at = this.#head(own, start)
      const end = codec.encodeInto?.(value, this.#bytes, at + 8)
      // The values of a batch are of one kind: what comes next would be tried in vain.
      if (end === undefined) this.#inPlace = false
      else if (end <= this.#bytes.length) return this.#whole(start, at, end)
      if (end === undefined || start === 0) return undefined
      this.#renew(chunkBytes)
    }
  }

  /** Most bytes of a frame without its payload. */
  #headRoom({ key, tags }: OwnHeader, codec: number): number {
    if (codec !== this.#codec || tags !== this.#tags) this.#prepare(codec, tags)
    return this.#start.length + 2 + key.length * 3 + this.#end.length + 8
  }

  /** Writes the header; returns where it ends. */
  #head({ key, freshFor }: OwnHeader, start: number): number {
    this.#bytes.set(this.#start, start)
    this.#view.setFloat64(start + freshForAt, freshFor)
    const at = this.#key(key, start + this.#start.length)
    this.#bytes.set(this.#end, at)
    return at + this.#end.length
  }

  /** Completes the frame that begins at `start`, its header ends at `at` and its payload at `end`. */
  #whole(start: number, at: number, end: number): Uint8Array {
    const bytes = this.#bytes
    this.#view.setUint32(at, end - at - 8)
    // Of both parts where they now stand: to go to and fro between two buffers would make a view each time.
    this.#view.setUint32(at + 4, crcOf(bytes, at + 8, end, crcOf(bytes, start, at + 4)))
    this.#at = end
    return bytes.subarray(start, end)
  }

  /** Most entries of a batch share codec and tags. */
  #prepare(codec: number, tags: readonly TagStamp[]): void {
    const common = { ...this.#common, codec, transforms: [], keyId: '', freshFor: 0, key: '' }
    // What follows is the length of the key and the number of tags.
    this.#start = encodeHead({ ...common, tags: [] }).slice(0, -4)
    this.#end = encodeHead({ ...common, tags }).slice(this.#start.length + 2)
    this.#codec = codec
    this.#tags = tags
  }

  #room(most: number): number {
    if (this.#at + most > this.#bytes.length) this.#renew(most)
    return this.#at
  }

  #renew(most: number): void {
    this.#bytes = new Uint8Array(Math.max(chunkBytes, most))
    this.#view = new DataView(this.#bytes.buffer)
    this.#at = 0
  }

  #key(key: string, at: number): number {
    const bytes = this.#bytes
    const from = at + 2
    const length = asciiInto(key, bytes, from)
      ? key.length
      : encoder.encodeInto(key, bytes.subarray(from)).written
    bytes[at] = length >>> 8
    bytes[at + 1] = length & 0xff
    return from + length
  }
}
