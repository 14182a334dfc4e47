/** Keys that something holds: each for as long as any of those that added it. */
export class KeyCounts {
  readonly #counts = new Map<string, number>()

  has(key: string): boolean {
    return this.#counts.size > 0 && this.#counts.has(key)
  }

  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  /** Takes back one `add`. */
  remove(key: string): void {
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}
