import type { EvictionPolicy } from './eviction-policy.ts'
import { SlotLinks, SlotList } from './slot-list.ts'

/** Least recently used. */
export class LruPolicy implements EvictionPolicy {
  readonly #links = new SlotLinks()
  readonly #list = new SlotList(this.#links)

  grow(capacity: number): void {
    this.#links.grow(capacity)
  }

  hit(slot: number): void {
    this.#list.renew(slot)
  }

  add(slot: number): void {
    this.#list.push(slot)
  }

  victim(): number {
    return this.#list.oldest
  }

  remove(slot: number): void {
    this.#list.remove(slot)
  }

  clear(): void {
    this.#list.clear()
    this.#links.clear()
  }
}
