import { scattered, unitAt } from './hash.ts'
import type { Prefix } from './prefix.ts'
import type { Slots } from './slots.ts'
import { letters } from './telling-letters.ts'

const fewest = 1_024
const most = 2 ** 15
/** Places for each entry. */
const spacious = 2

/**
 * Where texts were found lately, by a few letters of each: to hash a whole text would cost more than all the rest of a
 * hit. A hint may be wrong, and says nothing then: what stands in the slot is looked at. So none is ever taken back, and
 * a table of pairs is enough, in which the last two of the texts that meet there have a place each.
 */
export class Hints {
  readonly #slots: Slots
  #places = new Int32Array(fewest).fill(-1)
  #passed = 0
  #shift = 32 - Math.log2(fewest)

  constructor(slots: Slots) {
    this.#slots = slots
  }

  /** The slot of a text; -1 where there is no hint, or a wrong one. */
  slotOf(prefix: Prefix, text: string): number {
    const pair = this.#pairOf(prefix, text)
    const last = this.#places[pair] as number
    if (this.#holds(last, prefix, text)) return last
    const other = this.#places[pair + 1] as number
    return this.#holds(other, prefix, text) ? other : -1
  }

  #holds(slot: number, prefix: Prefix, text: string): boolean {
    const { inputs, marks } = this.#slots
    return slot >= 0 && inputs[slot] === text && marks[slot]?.prefix === prefix
  }

  /** Remembers where a text was found. */
  note(prefix: Prefix, text: string, slot: number): void {
    // One in four, where not all have a place: what is hot comes again, and doesn't give way to all that passes.
    if (this.#slots.size > most && (++this.#passed & 3) !== 0) return
    const wanted = Math.min(most, this.#slots.size * spacious)
    if (wanted > this.#places.length) this.#grow(wanted)
    prefix.telling.seen(text)
    const places = this.#places
    const pair = this.#pairOf(prefix, text)
    places[pair + 1] = places[pair] as number
    places[pair] = slot
  }

  /** What was remembered is found once more when it is asked for. */
  #grow(wanted: number): void {
    let length = this.#places.length
    while (length < wanted) length *= 2
    this.#places = new Int32Array(length).fill(-1)
    this.#shift = 32 - Math.log2(length)
  }

  #pairOf(prefix: Prefix, text: string): number {
    const end = prefix.telling.end(text)
    let h = prefix.seed ^ text.length
    // Without a loop, which costs as much as the letters.
    if (end >= letters)
      h +=
        unitAt(text, end - 1) +
        (unitAt(text, end - 2) << 5) +
        (unitAt(text, end - 3) << 10) +
        (unitAt(text, end - 4) << 15) +
        (unitAt(text, end - 5) << 20) +
        (unitAt(text, end - 6) << 25)
    else for (let i = 0; i < end; i++) h = Math.imul(h, 31) + unitAt(text, i)
    return (scattered(h) >>> this.#shift) & ~1
  }
}
