import type { TagStamp } from './entry.ts'
import type { FrameReader } from './frame-reader.ts'
import { viewOf } from './view-of.ts'

const listsKept = 8
/** Bytes. */
const longestList = 512

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

function standsAt(view: DataView, at: number, end: number, { length, words, rest }: SeenTags): boolean {
  if (at + length > end) return false
  // Generations differ, and stand at the end.
  const restAt = at + words.length * 4
  for (let i = 0; i < rest.length; i++) if (view.getUint8(restAt + i) !== rest[i]) return false
  for (let i = words.length - 1; i >= 0; i--) if (view.getInt32(at + i * 4) !== words[i]) return false
  return true
}

export const seenTags: TagLists = new TagLists()

/** The list at which the reader stands. */
export function readTags(r: FrameReader): readonly TagStamp[] {
  const { byteOffset, length: end } = r.bytes
  const known = seenTags.find(viewOf(r.bytes.buffer), byteOffset + r.at, byteOffset + end)
  if (known !== undefined) {
    r.at += known.length
    return known.tags
  }
  const start = r.at
  const tags = Array.from({ length: r.u16() }, () => ({ tag: r.text(2, ''), generation: r.text(1, '') }))
  seenTags.note(r.bytes.subarray(start, r.at), tags)
  return tags
}
