import type { Clock, Fence, FrameWrite, LeaseRead, WriteOutcome } from '@tierstack/cache-core'
import { frameOf } from './store-slots.ts'
import type { StoreSlots } from './store-slots.ts'

export interface LeaseHost {
  readonly clock: Clock
  /** An id that was never given before. */
  id(): string
  /** Somebody waited for the key, and it was filled or given back. */
  filled(key: string): void
}

/**
 * Permissions to store, one per key, as atomic steps. A miss leaves a lease in the entry's own key, and a fill replaces
 * exactly that lease or nothing. Whatever removes the key thereby voids the lease: no counter has to outlive the key, and
 * losing state can only refuse a fill.
 */
export class StoreLeases {
  readonly #host: LeaseHost
  readonly #slots: StoreSlots

  constructor(host: LeaseHost, slots: StoreSlots) {
    this.#host = host
    this.#slots = slots
  }

  lease(key: string, holdMs: number): LeaseRead {
    const slot = this.#slots.at(key)
    switch (slot?.kind) {
      case 'frame':
        return { state: 'hit', frame: frameOf(slot) }
      case 'intents':
        return { state: 'blocked' }
      case 'lease':
        slot.waited = true
        return { state: 'busy' }
      case undefined:
        return { state: 'leased', fence: this.#slots.putLease(key, holdMs, false) }
    }
  }

  claim(
    items: readonly { readonly key: string; readonly stamp: string }[],
    holdMs: number,
  ): (Fence | undefined)[] {
    const now = this.#host.clock.now()
    return items.map(({ key, stamp }) => {
      const slot = this.#slots.at(key)
      if (slot?.kind !== 'frame' || slot.stamp !== stamp) return undefined
      if (slot.claim && slot.claim.until > now) return undefined
      slot.claim = { fence: this.#host.id(), until: now + holdMs }
      return slot.claim.fence
    })
  }

  fill(
    items: readonly (FrameWrite & { readonly life: number; readonly fence: Fence })[],
    maxBytes: number,
  ): WriteOutcome[] {
    return items.map(({ key, bytes, life, fence }) => {
      if (bytes.length > maxBytes) return 'too-large'
      const slot = this.#slots.standing(key, fence)
      if (!slot) return 'fenced'
      this.#slots.keep(key, bytes, life)
      if (slot.kind === 'frame' || slot.waited) this.#host.filled(key)
      return 'stored'
    })
  }

  renew(items: readonly { readonly key: string; readonly fence: Fence }[], holdMs: number): void {
    const until = this.#host.clock.now() + holdMs
    for (const { key, fence } of items) {
      const slot = this.#slots.standing(key, fence)
      if (slot?.kind === 'lease') slot.until = until
      else if (slot?.claim) slot.claim.until = until
    }
  }

  release(items: readonly { readonly key: string; readonly fence: Fence }[]): void {
    for (const { key, fence } of items) {
      const slot = this.#slots.standing(key, fence)
      if (slot?.kind === 'frame' && slot.claim !== undefined) {
        slot.claim = undefined
        this.#host.filled(key)
      }
      if (slot?.kind !== 'lease') continue
      this.#slots.delete(key)
      if (slot.waited) this.#host.filled(key)
    }
  }
}
