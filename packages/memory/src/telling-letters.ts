import { unitAt } from './hash.ts'

/** Neighbouring letters by which texts are told apart. */
export const letters = 6
/** Texts that are looked at before letters are chosen. */
const sampled = 64
/** Texts that pass before letters are chosen anew. */
const restingFor = 4_096
const longest = 128
/** In bits: below, other letters are no better, and what was found by the old ones would be lost. */
const worthIt = 1

/**
 * Which letters tell the texts of a prefix apart, learnt from some of them: in `users/17/profile` it isn't the last
 * ones. They are counted from the end, where most texts differ.
 */
export class TellingLetters {
  /** Letters behind those. */
  behind = 0
  readonly #texts: string[] = []
  #resting = 0

  /** Behind the last of them, in a text. */
  end(text: string): number {
    const end = text.length - this.behind
    return end > 0 ? end : text.length
  }

  seen(text: string): void {
    if (this.#resting > 0) {
      this.#resting--
      return
    }
    this.#texts.push(text)
    if (this.#texts.length < sampled) return
    this.#choose()
    this.#texts.length = 0
    this.#resting = restingFor
  }

  #choose(): void {
    const bits = bitsFromEnd(this.#texts)
    const bitsBehind = (behind: number) =>
      bits.slice(behind, behind + letters).reduce((sum, more) => sum + more, 0)
    let best = this.behind
    let least = bitsBehind(best) + worthIt
    for (let behind = 0; behind < bits.length; behind++) {
      if (bitsBehind(behind) <= least) continue
      best = behind
      least = bitsBehind(behind)
    }
    this.behind = best
  }
}

/** How much each letter tells, counted from the end: the logarithm of how many different ones stand there. */
function bitsFromEnd(texts: readonly string[]): number[] {
  const longestHere = Math.min(longest, Math.max(...texts.map(({ length }) => length)))
  return Array.from({ length: longestHere }, (_, i) => {
    const there = new Set(texts.map((text) => (text.length > i ? unitAt(text, text.length - 1 - i) : -1)))
    return Math.log2(there.size)
  })
}
