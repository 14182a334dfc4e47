import type { TagStamp } from './entry.ts'
import { tagSlot } from './fence.ts'

/** What entries keep of their tags, besides the tags. Shared by all entries with the same list. */
export interface TagMarks {
  /** Without generations: those matter in remote tiers only. */
  readonly bare: readonly TagStamp[]
  readonly slots: readonly number[]
}

const none: TagMarks = { bare: [], slots: [] }
/** Most entries of a definition have the very same list: what is made of it is made once, not once per entry. */
const known = new WeakMap<readonly string[], TagMarks>()
let lastTags: readonly string[] = []
let lastMarks = none

export function marksOf(tags: readonly string[]): TagMarks {
  if (tags === lastTags) return lastMarks
  if (tags.length === 0) return none
  let marks = known.get(tags)
  if (marks === undefined) {
    marks = { bare: tags.map((tag) => ({ tag, generation: '' })), slots: tags.map(tagSlot) }
    known.set(tags, marks)
  }
  lastTags = tags
  lastMarks = marks
  return marks
}
