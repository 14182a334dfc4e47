import type { EvictionPolicy } from './eviction-policy.ts'
import { GhostQueue } from './ghost-queue.ts'
import { SlotLinks, SlotList } from './slot-list.ts'

/** Share of the entries that the small queue keeps. */
const smallShare = 0.1
const inMain = 0x80
const most = 3

/**
 * S3-FIFO: a small queue for newcomers, a main queue, and the hashes of what was evicted from the small one; what comes
 * back from there goes into the main queue at once. A hit only adds to a count of at most 3.
 *
 * Yang, Zhang, Qiu, Yue, Vigfusson: "FIFO queues are all you need for cache eviction", SOSP 2023.
 */
export class S3FifoPolicy implements EvictionPolicy {
  readonly #links = new SlotLinks()
  readonly #small = new SlotList(this.#links)
  readonly #main = new SlotList(this.#links)
  readonly #ghosts = new GhostQueue()
  /** Uses since the slot was last looked at, and the queue that it is in. */
  #state = new Uint8Array(0)

  grow(capacity: number): void {
    this.#links.grow(capacity)
    const state = new Uint8Array(capacity)
    state.set(this.#state)
    this.#state = state
  }

  hit(slot: number): void {
    const state = this.#state[slot] as number
    if ((state & most) < most) this.#state[slot] = state + 1
  }

  add(slot: number, hash: number): void {
    if (this.#ghosts.take(hash)) {
      this.#state[slot] = inMain
      this.#main.push(slot)
    } else {
      this.#state[slot] = 0
      this.#small.push(slot)
    }
  }

  victim(): number {
    const total = this.#small.size + this.#main.size
    for (;;) {
      if (this.#small.size > Math.max(1, total * smallShare) || this.#main.size === 0) {
        const slot = this.#small.oldest
        if (slot < 0 || ((this.#state[slot] as number) & most) <= 1) return slot
        this.#small.remove(slot)
        this.#main.push(slot)
        this.#state[slot] = inMain
      } else {
        const slot = this.#main.oldest
        const uses = (this.#state[slot] as number) & most
        if (uses === 0) return slot
        this.#state[slot] = inMain | (uses - 1)
        this.#main.renew(slot)
      }
    }
  }

  remove(slot: number, evicted: boolean, hash: number): void {
    const total = this.#small.size + this.#main.size
    if (((this.#state[slot] as number) & inMain) !== 0) this.#main.remove(slot)
    else {
      this.#small.remove(slot)
      if (evicted) this.#ghosts.add(hash, total)
    }
  }

  clear(): void {
    this.#small.clear()
    this.#main.clear()
    this.#links.clear()
    this.#ghosts.clear()
    this.#state = new Uint8Array(0)
  }
}
