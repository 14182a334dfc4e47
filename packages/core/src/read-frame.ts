import { crcIn, crcOf, fewBytes } from './crc.ts'
import type { TagStamp } from './entry.ts'
import { BadFrame, formatVersion, hasEtag, hasTrace, magic } from './frame.ts'
import type { FrameHeader, OpenFrame } from './frame.ts'
import { unitAt } from './unit-at.ts'
import { viewOf } from './view-of.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads one frame after the other: an object per frame would cost more than what it reads. */
class Reader {
  at = 0
  #bytes: Uint8Array = nothing
  #length = 0

  get bytes(): Uint8Array {
    return this.#bytes
  }

  open(bytes: Uint8Array, start: number): void {
    this.at = start
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
      const unit = unitAt(text, i)
      if (unit > 0x7f || unit !== bytes[start + i]) return false
    }
    return true
  }
}

const nothing = new Uint8Array(0)

interface SeenTags {
  readonly length: number
  /** The bytes, as whole numbers of 32 bits; then those that are left. */
  readonly words: readonly number[]
  readonly rest: readonly number[]
  readonly tags: readonly TagStamp[]
}

/**
 * Tags of frames that were read lately, by their bytes: the entries of a definition mostly carry the same ones, and
 * whoever sees the same list again needn't look at it again.
 */
class TagLists {
  readonly #lists: SeenTags[] = []
  #next = 0

  /** The list that stands at this place, if it was seen lately. */
  find(view: DataView, at: number, end: number): SeenTags | undefined {
    for (const list of this.#lists) if (standsAt(view, at, end, list)) return list
    return undefined
  }

  note(bytes: Uint8Array, tags: readonly TagStamp[]): void {
    if (bytes.length > longestList) return
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const words = Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getInt32(i * 4))
    const rest = [...bytes.subarray(words.length * 4)]
    this.#lists[this.#next] = { length: bytes.length, words, rest, tags }
    this.#next = (this.#next + 1) % listsKept
  }
}

const listsKept = 8
const longestList = 512

function standsAt(view: DataView, at: number, end: number, { length, words, rest }: SeenTags): boolean {
  if (at + length > end) return false
  // Generations differ, and stand at the end.
  const restAt = at + words.length * 4
  for (let i = 0; i < rest.length; i++) if (view.getUint8(restAt + i) !== rest[i]) return false
  for (let i = words.length - 1; i >= 0; i--) if (view.getInt32(at + i * 4) !== words[i]) return false
  return true
}

const tagLists = new TagLists()

function readTags(r: Reader): readonly TagStamp[] {
  const { byteOffset, length: end } = r.bytes
  const known = tagLists.find(viewOf(r.bytes.buffer), byteOffset + r.at, byteOffset + end)
  if (known !== undefined) {
    r.at += known.length
    return known.tags
  }
  const start = r.at
  const tags = Array.from({ length: r.u16() }, () => ({ tag: r.text(2, ''), generation: r.text(1, '') }))
  tagLists.note(r.bytes.subarray(start, r.at), tags)
  return tags
}

const noTransforms: readonly number[] = []
let lastVersion = '1'
let lastKeyId = ''

const reader = new Reader()

/** Throws `BadFrame` for anything that isn't an intact frame of `key`. It stands at the end of `bytes`, from `start` on. */
export function decodeFrame(bytes: Uint8Array, key: string, start = 0): OpenFrame {
  try {
    const view = viewOf(bytes.buffer)
    const plain = readPlain(bytes, key, start, view)
    if (plain !== undefined) return plain
    return readAny(bytes, key, start, view)
  } catch (error) {
    throw error instanceof BadFrame ? error : new BadFrame('frame header is not readable', { cause: error })
  }
}

function readAny(bytes: Uint8Array, key: string, start: number, view: DataView): OpenFrame {
  reader.open(bytes, start)
  try {
    return read(reader, bytes, key, start, view)
  } finally {
    reader.open(nothing, 0)
  }
}

/** Magic, version and flags of a frame with neither etag nor trace. */
const plainStart = magic * 0x1_0000 + formatVersion * 0x100
/** Where its numbers stand, behind its key id, when it has no transforms. */
const plainNumbers = 7
const numbersLength = 5 * 8

/**
 * The frame that nearly all are: nothing optional in it, of the version and with the key id read before, of the key asked
 * for, with tags that were seen lately. Undefined for any other, and for a damaged one: the reader of all frames says what it is.
 */
function readPlain(bytes: Uint8Array, key: string, start: number, view: DataView): TakenApart | undefined {
  const from = bytes.byteOffset
  const base = from + start
  const end = from + bytes.length
  const numbersAt = base + plainNumbers + lastKeyId.length
  let at = numbersAt + numbersLength
  if (at > end) return undefined
  if (view.getUint32(base) !== plainStart || view.getUint16(base + 5) !== lastKeyId.length) return undefined
  if (!standsIn(view, base + plainNumbers, lastKeyId)) return undefined
  if (view.getUint8(at) !== lastVersion.length || !standsIn(view, at + 1, lastVersion)) return undefined
  at += 1 + lastVersion.length
  if (view.getUint16(at) !== 0 || view.getUint16(at + 2) !== key.length || !standsIn(view, at + 4, key))
    return undefined
  at += 4 + key.length
  const known = tagLists.find(view, at, end)
  if (known === undefined) return undefined
  at += known.length
  if (at + 8 + view.getUint32(at) !== end) return undefined
  const headEnd = at - from
  if (crcOfFrame(bytes, start, headEnd, view) !== view.getUint32(at + 4)) return undefined
  if (!areDurations(view, numbersAt)) return undefined
  return new TakenApart(
    { bytes, view, start, headEnd, numbersAt },
    {
      codec: view.getUint8(base + 4),
      transforms: noTransforms,
      keyId: lastKeyId,
      version: lastVersion,
      etag: undefined,
      trace: undefined,
      key,
      tags: known.tags,
    },
  )
}

/** Ends as soon as something differs; for what isn't ASCII always. */
function standsIn(view: DataView, at: number, text: string): boolean {
  const { length } = text
  for (let i = 0; i < length; i++) {
    const unit = unitAt(text, i)
    if (unit > 0x7f || unit !== view.getUint8(at + i)) return false
  }
  return true
}

/** What the sum of a frame must be whose header ends at `headEnd`. */
function crcOfFrame(bytes: Uint8Array, start: number, headEnd: number, view: DataView): number {
  const from = bytes.byteOffset
  const sumAt = headEnd + 4
  const head = crcIn(view, from + start, from + sumAt, 0)
  const rest = sumAt + 4
  if (bytes.length - rest > fewBytes) return crcOf(bytes, rest, bytes.length, head)
  return crcIn(view, from + rest, from + bytes.length, head)
}

function areDurations(view: DataView, numbersAt: number): boolean {
  for (let i = 1; i < 5; i++) if (!(view.getFloat64(numbersAt + 8 * i) >= 0)) return false
  return true
}

function read(r: Reader, bytes: Uint8Array, key: string, start: number, view: DataView): OpenFrame {
  if (r.u16() !== magic) throw new BadFrame('not a frame')
  const version = r.u8()
  if (version !== formatVersion)
    throw new BadFrame(`frame has format version ${version}, this reader knows ${formatVersion}`)
  const flags = r.u8()
  const codec = r.u8()
  const steps = r.u8()
  const transforms = steps === 0 ? noTransforms : Array.from({ length: steps }, () => r.u8())
  const keyId = (lastKeyId = r.text(1, lastKeyId))
  const numbersAt = r.doubles(5)
  if (!areDurations(view, numbersAt)) throw new BadFrame('frame has an impossible duration')
  const definition = (lastVersion = r.text(1, lastVersion))
  const note = r.text(2, '')
  const etag = (flags & hasEtag) === 0 ? undefined : note
  const trace = etag === undefined && (flags & hasTrace) !== 0 ? note : undefined
  const own = r.text(2, key)
  const tags = readTags(r)
  const headEnd = r.at
  const length = r.u32()
  const sum = r.u32()
  if (r.at + length !== bytes.length) throw new BadFrame('frame is truncated')
  if (crcOfFrame(bytes, start, headEnd, view) !== sum) throw new BadFrame('frame is damaged')
  if (own !== key) throw new BadFrame('frame belongs to another key')
  return new TakenApart(
    { bytes, view, start, headEnd, numbersAt },
    { codec, transforms, keyId, version: definition, etag, trace, key: own, tags },
  )
}

/** Where the parts of a frame stand in its bytes. */
interface Plan {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start: number
  readonly headEnd: number
  /** In the view. */
  readonly numbersAt: number
}

type Words = Omit<FrameHeader, 'createdAt' | 'freshFor' | 'staleFor' | 'errorFor' | 'loadMs'>

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
  readonly whole: Uint8Array
  readonly #view: DataView
  readonly #start: number
  readonly #headEnd: number
  readonly #numbersAt: number

  constructor(plan: Plan, words: Words) {
    this.codec = words.codec
    this.transforms = words.transforms
    this.keyId = words.keyId
    this.version = words.version
    this.etag = words.etag
    this.trace = words.trace
    this.key = words.key
    this.tags = words.tags
    this.whole = plan.bytes
    this.#view = plan.view
    this.#start = plan.start
    this.#headEnd = plan.headEnd
    this.#numbersAt = plan.numbersAt
  }

  get createdAt(): number {
    return this.#view.getFloat64(this.#numbersAt)
  }

  get freshFor(): number {
    return this.#view.getFloat64(this.#numbersAt + 8)
  }

  get staleFor(): number {
    return this.#view.getFloat64(this.#numbersAt + 16)
  }

  get errorFor(): number {
    return this.#view.getFloat64(this.#numbersAt + 24)
  }

  get loadMs(): number {
    return this.#view.getFloat64(this.#numbersAt + 32)
  }

  get header(): FrameHeader {
    return this
  }

  get head(): Uint8Array {
    return this.whole.subarray(this.#start, this.#headEnd)
  }

  get payload(): Uint8Array {
    return this.whole.subarray(this.payloadStart)
  }

  get payloadStart(): number {
    return this.#headEnd + 8
  }
}
