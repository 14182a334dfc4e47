import type { LocalEntry, TagStamp } from './entry.ts'
import { KeyCounts } from './key-counts.ts'
import { unitAt } from './unit-at.ts'

/*
 * What this process knows to have been removed, in bounded memory: for each slot of keys and of tags, the sequence
 * number of the last removal that fell into it. Who notes the number when work begins can tell later whether
 * anything that concerns it was removed since. Two names in one slot can only cause an unneeded look at the
 * remote tier, never a missed removal, and nothing expires (a counter that could restart would let old work pass).
 */
const keySlots = 4096
const tagSlots = 16_384

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  const { length } = text
  let h = 0x811c9dc5
  for (let i = 0; i < length; i++) h = Math.imul(h ^ unitAt(text, i), 0x01000193)
  return h >>> 0
}

export function tagSlot(tag: string): number {
  return hash(tag) % tagSlots
}

let lastTags: readonly TagStamp[] = []
let lastSlots: readonly number[] = []

/** The slots of an entry's tags. Entries read one after the other often share one list. */
export function slotsOf(tags: readonly TagStamp[]): readonly number[] {
  if (tags === lastTags) return lastSlots
  lastTags = tags
  lastSlots = tags.map(({ tag }) => tagSlot(tag))
  return lastSlots
}

/** `suspect`: nobody vouches for it, ask a remote tier. `soft`: stale from now on. `gone`: removed. */
export type Standing = 'valid' | 'suspect' | 'soft' | 'gone'

/** Numbers and instants of the last removals, by the slot of the tag. */
class TagRemovals {
  readonly hard: Float64Array = new Float64Array(tagSlots)
  readonly soft: Float64Array = new Float64Array(tagSlots)
  readonly times: Float64Array = new Float64Array(tagSlots).fill(Number.NEGATIVE_INFINITY)
}

export class RemovalFence {
  /** Number of the last removal noticed. */
  sequence = 0
  /**
   * Number of the last removal that may concern entries which aren't dropped one by one: of a tag, of everything, or a
   * gap. An entry seen at that number or later needs no check.
   */
  marked = 0
  readonly #keys = new Float64Array(keySlots)
  readonly #keysHere = new Float64Array(keySlots)
  readonly #keysDone = new Float64Array(keySlots)
  /** Removals of each key that some tier hasn't answered yet. */
  readonly #underWay = new KeyCounts()
  readonly #keyTimes = new Float64Array(keySlots).fill(Number.NEGATIVE_INFINITY)
  /** Made with the first: they take more than all else here, and many caches never remove by tag. */
  #tags: TagRemovals | undefined
  readonly #now: () => number
  #cleared = 0
  #clearedTime = Number.NEGATIVE_INFINITY
  #suspectedAt = 0

  constructor(now: () => number) {
    this.#now = now
  }

  removeKey(key: string): void {
    const slot = hash(key) % keySlots
    this.#keys[slot] = ++this.sequence
    this.#keyTimes[slot] = this.#now()
  }

  /** The removal was asked for in this process, by other than a `set`. */
  removeKeyHere(key: string): void {
    this.removeKey(key)
    this.#keysHere[hash(key) % keySlots] = this.sequence
  }

  /**
   * A removal begins on its way through the tiers, after the source has changed. Until `endRemoval` a copy from a tier
   * may be of the old value; what a load brings that begins meanwhile isn't.
   */
  beginRemoval(key: string): void {
    this.removeKeyHere(key)
    this.#underWay.add(key)
  }

  /** The removal has reached every tier, or is queued for those that it hasn't. */
  endRemoval(key: string): void {
    this.#underWay.remove(key)
    const slot = hash(key) % keySlots
    this.#keysDone[slot] = ++this.sequence
    this.#keysHere[slot] = this.sequence
    this.#keyTimes[slot] = this.#now()
  }

  /** May a tier still hold the value from before a removal that was asked for in this process? */
  removing(key: string): boolean {
    return this.#underWay.has(key)
  }

  removeTag(tag: string, soft: boolean): void {
    const slot = tagSlot(tag)
    this.#tags ??= new TagRemovals()
    const numbers = soft ? this.#tags.soft : this.#tags.hard
    numbers[slot] = this.#mark()
    this.#tags.times[slot] = this.#now()
  }

  clear(): void {
    this.#cleared = this.#mark()
    this.#clearedTime = this.#now()
  }

  /** Messages may have been lost: everything so far needs a second look. */
  suspect(): void {
    this.#suspectedAt = this.#mark()
  }

  #mark(): number {
    this.marked = ++this.sequence
    return this.marked
  }

  /** Was the key removed, or everything, after `since`? Then nothing counts that was learnt before. */
  keyRemoved(key: string, since: number): boolean {
    const slot = hash(key) % keySlots
    return (
      (this.#keys[slot] as number) > since ||
      (this.#keysDone[slot] as number) > since ||
      this.#cleared > since
    )
  }

  /** Was the removal of the key, or of everything, asked for after `since`? Then no load counts that began before. */
  keyChanged(key: string, since: number): boolean {
    return (this.#keys[hash(key) % keySlots] as number) > since || this.#cleared > since
  }

  /** Was the key removed in this process after `since`, other than to make room for a `set`? */
  keyRemovedHere(key: string, since: number): boolean {
    return (this.#keysHere[hash(key) % keySlots] as number) > since || this.#cleared > since
  }

  clearedSince(since: number): boolean {
    return this.#cleared > since
  }

  /** May messages have been lost after `since`? */
  suspectSince(since: number): boolean {
    return this.#suspectedAt > since
  }

  /** Instant of the last removal of the key, of any of the tags, or of everything. */
  lastRemoval(key: string, slots: readonly number[]): number {
    let last = Math.max(this.#clearedTime, this.#keyTimes[hash(key) % keySlots] as number)
    const tags = this.#tags
    if (tags) for (const slot of slots) last = Math.max(last, tags.times[slot] as number)
    return last
  }

  /** Number of the last removal of any of these tags. */
  tagsRemovedAt(slots: readonly number[]): number {
    const tags = this.#tags
    let last = 0
    if (tags)
      for (const slot of slots) last = Math.max(last, tags.hard[slot] as number, tags.soft[slot] as number)
    return last
  }

  standing(entry: LocalEntry): Standing {
    if (this.#cleared > entry.seen) return 'gone'
    let standing: Standing = this.#suspectedAt > entry.seen ? 'suspect' : 'valid'
    const tags = this.#tags
    if (tags === undefined) return standing
    for (const slot of entry.slots) {
      if ((tags.hard[slot] as number) > entry.seen) return 'gone'
      if ((tags.soft[slot] as number) > entry.seen && standing === 'valid') standing = 'soft'
    }
    return standing
  }
}
