import type { EvictionPolicy } from './eviction-policy.ts'
import { SlotLinks, SlotList } from './slot-list.ts'

/**
 * SIEVE: one queue in the order of arrival, and a hand that walks from its oldest to its newest entry, sparing once what
 * was used. A hit only sets a bit.
 *
 * Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is simpler than LRU", NSDI 2024.
 */
export class SievePolicy implements EvictionPolicy {
  readonly #links = new SlotLinks()
  readonly #queue = new SlotList(this.#links)
  #used = new Uint8Array(0)
  #hand = -1

  grow(capacity: number): void {
    this.#links.grow(capacity)
    const used = new Uint8Array(capacity)
    used.set(this.#used)
    this.#used = used
  }

  hit(slot: number): void {
    this.#used[slot] = 1
  }

  add(slot: number): void {
    this.#used[slot] = 0
    this.#queue.push(slot)
  }

  victim(): number {
    let slot = this.#hand < 0 ? this.#queue.oldest : this.#hand
    // The newest is what needs the room: as published, the hand walks before it comes.
    while (slot >= 0 && (this.#used[slot] === 1 || (slot === this.#queue.newest && this.#queue.size > 1))) {
      this.#used[slot] = 0
      const next = this.#links.newer[slot] as number
      slot = next < 0 ? this.#queue.oldest : next
    }
    this.#hand = slot
    return slot
  }

  remove(slot: number): void {
    if (slot === this.#hand) this.#hand = this.#links.newer[slot] as number
    this.#queue.remove(slot)
  }

  clear(): void {
    this.#queue.clear()
    this.#links.clear()
    this.#used = new Uint8Array(0)
    this.#hand = -1
  }
}
