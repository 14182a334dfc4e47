/** Links of slots: any number of lists share them, and a slot is in at most one. Grown by the policy that owns it. */
export class SlotLinks {
  newer: Int32Array = new Int32Array(0)
  older: Int32Array = new Int32Array(0)

  grow(capacity: number): void {
    const newer = new Int32Array(capacity)
    newer.set(this.newer)
    this.newer = newer
    const older = new Int32Array(capacity)
    older.set(this.older)
    this.older = older
  }

  clear(): void {
    this.newer = new Int32Array(0)
    this.older = new Int32Array(0)
  }
}

/** A list of slots, oldest to newest. Every verb takes constant time and allocates nothing. */
export class SlotList {
  oldest = -1
  newest = -1
  size = 0
  readonly #links: SlotLinks

  constructor(links: SlotLinks) {
    this.#links = links
  }

  push(slot: number): void {
    const { newer, older } = this.#links
    older[slot] = this.newest
    newer[slot] = -1
    if (this.newest < 0) this.oldest = slot
    else newer[this.newest] = slot
    this.newest = slot
    this.size++
  }

  remove(slot: number): void {
    const { newer, older } = this.#links
    const next = newer[slot] as number
    const previous = older[slot] as number
    if (next < 0) this.newest = previous
    else older[next] = previous
    if (previous < 0) this.oldest = next
    else newer[previous] = next
    this.size--
  }

  /** Puts a slot at the end from which the oldest goes. */
  unshift(slot: number): void {
    const { newer, older } = this.#links
    newer[slot] = this.oldest
    older[slot] = -1
    if (this.oldest < 0) this.newest = slot
    else older[this.oldest] = slot
    this.oldest = slot
    this.size++
  }

  /** Makes a slot of the list its newest. */
  renew(slot: number): void {
    if (slot === this.newest) return
    this.remove(slot)
    this.push(slot)
  }

  clear(): void {
    this.oldest = -1
    this.newest = -1
    this.size = 0
  }
}
