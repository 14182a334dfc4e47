import type { Prefix } from './prefix.ts'
import { SlotIndex } from './slot-index.ts'
import type { Slots } from './slots.ts'

/** Finds the slot of a key. */
export class Finder {
  readonly slots: Slots
  readonly #index: SlotIndex

  constructor(slots: Slots) {
    this.slots = slots
    this.#index = new SlotIndex((slot) => this.hashAt(slot))
  }

  /** -1 for none. */
  slotOf(prefix: Prefix, input: unknown, hash: number = prefix.hash(input)): number {
    let slot = this.#index.first(hash)
    while (slot >= 0 && !this.#holds(slot, prefix, input)) slot = this.#index.after(slot)
    return slot
  }

  #holds(slot: number, prefix: Prefix, input: unknown): boolean {
    return this.slots.inputs[slot] === input && this.slots.marks[slot]?.prefix === prefix
  }

  hashAt(slot: number): number {
    return this.slots.prefixAt(slot).hash(this.slots.inputs[slot])
  }

  grow(capacity: number): void {
    this.#index.grow(capacity)
  }

  add(slot: number, hash: number): void {
    this.#index.add(slot, hash, this.slots.size)
  }

  remove(slot: number, hash: number): void {
    this.slots.prefixAt(slot).forgetOne(this.slots.inputs[slot])
    this.#index.remove(slot, hash)
  }

  clear(): void {
    this.#index.clear()
  }
}
