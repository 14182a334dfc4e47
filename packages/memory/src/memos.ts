/** Most that the prefixes of a tier remember together. */
const most = 20_000

/** Bounds what prefixes remember. */
export class Memos {
  readonly #holders = new Set<{ forget(): void }>()
  #held = 0
  #asked = 0

  /** May the caller remember one more? When there are too many, all of them forget first. */
  admits(holder: { forget(): void }): boolean {
    // One in four: what is hot comes again, and a walk over everything mustn't pay for being remembered.
    if ((++this.#asked & 3) !== 0) return false
    if (this.#held >= most) this.clear()
    this.#holders.add(holder)
    this.#held++
    return true
  }

  clear(): void {
    for (const one of this.#holders) one.forget()
    this.#holders.clear()
    this.#held = 0
  }
}
