import type { Clock, Fence, StoredFrame } from '@tierstack/cache-core'

/** What a key holds: exactly one of these, or nothing. Instants are on the store's `clock.now()`. */
export type Slot =
  | {
      readonly kind: 'frame'
      readonly bytes: Uint8Array
      readonly stamp: string
      soft: boolean
      readonly until: number
      /** Who may replace the frame, although it stays readable. */
      claim: { readonly fence: Fence; until: number } | undefined
    }
  | { readonly kind: 'lease'; readonly fence: Fence; until: number; waited: boolean }
  /** `touched`: something happened to the key since the first intent. */
  | { readonly kind: 'intents'; readonly untils: Map<string, number>; touched: boolean }

/** What the keys of a namespace hold. What has run out is dropped when it is looked at. */
export class StoreSlots {
  readonly #slots = new Map<string, Slot>()
  readonly #clock: Clock
  readonly #id: () => string

  /** @param id Gives an id that was never given before. */
  constructor(clock: Clock, id: () => string) {
    this.#clock = clock
    this.#id = id
  }

  /** A copy that shares nothing with this one. */
  copy(): StoreSlots {
    const copy = new StoreSlots(this.#clock, this.#id)
    for (const [key, slot] of this.#slots) copy.#slots.set(key, structuredClone(slot))
    return copy
  }

  /** What the key holds now. */
  at(key: string): Slot | undefined {
    const slot = this.#slots.get(key)
    if (!slot) return undefined
    const now = this.#clock.now()
    if (slot.kind === 'intents') {
      for (const [intent, until] of slot.untils) if (until <= now) slot.untils.delete(intent)
      if (slot.untils.size > 0) return slot
    } else if (slot.until > now) return slot
    this.#slots.delete(key)
    return undefined
  }

  set(key: string, slot: Slot): void {
    this.#slots.set(key, slot)
  }

  delete(key: string): boolean {
    return this.#slots.delete(key)
  }

  clear(): void {
    this.#slots.clear()
  }

  keep(key: string, bytes: Uint8Array, life: number): void {
    const until = this.#clock.now() + life
    // A copy: the caller may reuse its buffer, as after writing to a socket.
    const frame = { bytes: bytes.slice(), stamp: this.#id(), soft: false, until, claim: undefined }
    this.#slots.set(key, { kind: 'frame', ...frame })
  }

  putLease(key: string, holdMs: number, waited: boolean): Fence {
    const fence = this.#id()
    this.#slots.set(key, { kind: 'lease', fence, until: this.#clock.now() + holdMs, waited })
    return fence
  }

  /** The lease or the claimed frame that the fence belongs to, if it still stands. */
  standing(key: string, fence: Fence): Extract<Slot, { kind: 'lease' | 'frame' }> | undefined {
    const slot = this.at(key)
    if (slot?.kind === 'lease' && slot.fence === fence) return slot
    if (slot?.kind === 'frame' && slot.claim?.fence === fence) return slot
    return undefined
  }
}

export function frameOf({ bytes, stamp, soft }: Extract<Slot, { kind: 'frame' }>): StoredFrame {
  return { bytes: bytes.slice(), stamp, soft }
}
