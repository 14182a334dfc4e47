import type { Shelf } from '@tierstack/cache-core'
import type { EvictionPolicy } from './eviction-policy.ts'
import type { Finder } from './finder.ts'
import type { Mark } from './mark.ts'
import type { Memos } from './memos.ts'
import type { Prefix } from './prefix.ts'
import type { Slots } from './slots.ts'

/** Entries of a memory tier under one prefix: the path of a hit. */
export class MemoryShelf implements Shelf {
  readonly #prefix: Prefix
  readonly #finder: Finder
  readonly #slots: Slots
  readonly #policy: EvictionPolicy
  readonly #memos: Memos
  constructor(prefix: Prefix, finder: Finder, policy: EvictionPolicy, memos: Memos) {
    this.#prefix = prefix
    this.#finder = finder
    this.#slots = finder.slots
    this.#policy = policy
    this.#memos = memos
  }

  find(input: unknown, now: number, marked: number): number {
    const slots = this.#slots
    let slot = typeof input === 'string' ? this.#prefix.memo.get(input) : undefined
    if (slot === undefined) {
      slot = this.#search(input)
      if (slot < 0) return -1
    }
    if (now >= (slots.instants[slot * 3] as number)) return -2
    if (marked > slots.seenFrom && (slots.marks[slot] as Mark).seen < marked) return -2
    this.#policy.hit(slot)
    return slot
  }

  value(slot: number): unknown {
    return this.#slots.values[slot]
  }

  loadMs(slot: number): number {
    return this.#slots.loadMs(slot)
  }

  #search(input: unknown): number {
    const slot = this.#finder.slotOf(this.#prefix, input)
    if (slot < 0 || typeof input !== 'string' || !this.#memos.admits(this.#prefix)) return slot
    // The text that the entry holds: another of the same letters would be kept in memory for this.
    this.#prefix.memo.set(this.#slots.inputs[slot], slot)
    return slot
  }
}
