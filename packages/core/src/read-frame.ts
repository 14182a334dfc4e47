import { crcIn, crcOf, fewBytes } from './crc.ts'
import { BadFrame, formatVersion, hasEtag, hasTrace, magic } from './frame.ts'
import type { OpenFrame } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { readTags, seenTags } from './seen-tags.ts'
import { TakenApart } from './taken-apart.ts'
import { unitAt } from './unit-at.ts'
import { viewOf } from './view-of.ts'

const noTransforms: readonly number[] = []
let lastVersion = '1'
let lastKeyId = ''

const reader = new FrameReader()

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
    reader.close()
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
  const known = seenTags.find(view, at, end)
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

function read(r: FrameReader, bytes: Uint8Array, key: string, start: number, view: DataView): OpenFrame {
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
