import type {
  BulkOutcome,
  Clock,
  Fence,
  FrameWrite,
  LeaseRead,
  Removal,
  StoredFrame,
  Surveyed,
  TagState,
  WriteOutcome,
} from '@tierstack/cache-core'
import { StoreMarkers } from './store-markers.ts'
import { frameOf, StoreSlots } from './store-slots.ts'

export interface SpaceHost {
  readonly clock: Clock
  /** An id that was never given before. */
  id(): string
  removed(removal: Removal): void
  filled(key: string): void
}

/**
 * The keys and tags of one namespace, and every verb of the protocol as one atomic step.
 *
 * A miss leaves a lease in the entry's own key, and a fill replaces exactly that lease or nothing. Whatever removes
 * the key thereby voids the lease: no counter has to outlive the key, and losing state can only refuse a fill.
 */
export class StoreSpace {
  readonly #host: SpaceHost
  readonly #slots: StoreSlots
  readonly #markers: StoreMarkers
  #epoch: string
  /** How many removals there were. */
  #removals = 0

  constructor(
    host: SpaceHost,
    slots: StoreSlots = new StoreSlots(host.clock, () => host.id()),
    markers: StoreMarkers = new StoreMarkers(() => host.id()),
  ) {
    this.#host = host
    this.#slots = slots
    this.#markers = markers
    this.#epoch = host.id()
  }

  get epoch(): string {
    return this.#epoch
  }

  /** A copy that shares nothing with this one. */
  copy(): StoreSpace {
    const copy = new StoreSpace(this.#host, this.#slots.copy(), this.#markers.copy())
    copy.#epoch = this.#epoch
    copy.#removals = this.#removals
    return copy
  }

  /** Makes everything unreachable, without announcing it. */
  rotate(): void {
    this.#epoch = this.#host.id()
    this.#slots.clear()
    this.#markers.clear()
  }

  /** Forgets a key or a tag for want of space. */
  evict(name: string): boolean {
    const slot = this.#slots.delete(name)
    const marker = this.#markers.delete(name)
    return slot || marker
  }

  read(keys: readonly string[]): (StoredFrame | undefined)[] {
    return keys.map((key) => {
      const slot = this.#slots.at(key)
      return slot?.kind === 'frame' ? frameOf(slot) : undefined
    })
  }

  write(items: readonly (FrameWrite & { readonly life: number })[], maxBytes: number): WriteOutcome[] {
    return items.map(({ key, bytes, life }) => {
      if (bytes.length > maxBytes) return 'too-large'
      this.#slots.keep(key, bytes, life)
      return 'stored'
    })
  }

  lease(keys: readonly string[], holdMs: number): { reads: LeaseRead[]; tagClock: string } {
    return { tagClock: this.#tagClockNow(), reads: keys.map((key) => this.#leaseOne(key, holdMs)) }
  }

  #leaseOne(key: string, holdMs: number): LeaseRead {
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

  survey(
    keys: readonly string[],
    goodFor: number = Number.POSITIVE_INFINITY,
  ): { reads: Surveyed[]; fence: Fence; tagClock: string } {
    const reads = keys.map((key): Surveyed => {
      const slot = this.#slots.at(key)
      if (slot === undefined) return { state: 'absent' }
      return slot.kind === 'frame' ? { state: 'hit', frame: frameOf(slot) } : { state: 'busy' }
    })
    const until = this.#host.clock.now() + goodFor
    return { reads, fence: `${this.#removalsNow()} ${until}`, tagClock: this.#tagClockNow() }
  }

  fillAbsent(
    items: readonly (FrameWrite & { readonly life: number })[],
    fence: Fence,
    maxBytes: number,
  ): BulkOutcome[] {
    const [epoch, removals, until] = fence.split(' ')
    const standing = `${epoch} ${removals}` === this.#removalsNow() && this.#host.clock.now() <= Number(until)
    return items.map(({ key, bytes, life }) => {
      if (bytes.length > maxBytes) return 'too-large'
      if (!standing) return 'fenced'
      if (this.#slots.at(key)) return 'present'
      this.#slots.keep(key, bytes, life)
      return 'stored'
    })
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

  take(keys: readonly string[], holdMs: number): (Fence | undefined)[] {
    const taken: string[] = []
    const fences = keys.map((key) => {
      const slot = this.#slots.at(key)
      if (slot?.kind === 'intents') {
        slot.touched = true
        return undefined
      }
      taken.push(key)
      // Those who waited for the old lease wait for this one now.
      return this.#slots.putLease(key, holdMs, slot?.kind === 'lease' && slot.waited)
    })
    this.#announce(taken, false)
    return fences
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

  delete(keys: readonly string[]): void {
    // Intents stay: they are other writers', and block fills just as well.
    for (const key of keys) {
      const slot = this.#slots.at(key)
      if (slot?.kind === 'intents') slot.touched = true
      else this.#slots.delete(key)
    }
    this.#announce(keys, false)
  }

  expire(keys: readonly string[]): void {
    for (const key of keys) {
      const slot = this.#slots.at(key)
      if (slot?.kind === 'lease') this.#slots.delete(key)
      if (slot?.kind === 'intents') slot.touched = true
      if (slot?.kind !== 'frame') continue
      slot.soft = true
      slot.claim = undefined
    }
    this.#announce(keys, true)
  }

  begin(keys: readonly string[], intent: string, holdMs: number): void {
    const until = this.#host.clock.now() + holdMs
    for (const key of keys) {
      const slot = this.#slots.at(key)
      if (slot?.kind === 'intents') {
        slot.untils.set(intent, until)
        slot.touched = true
      } else this.#slots.set(key, { kind: 'intents', untils: new Map([[intent, until]]), touched: false })
    }
    this.#announce(keys, false)
  }

  end(keys: readonly string[], intent: string): void {
    for (const key of keys) this.#endOne(key, intent)
    this.#announce(keys, false)
  }

  conclude(
    items: readonly { readonly key: string; readonly intent: string }[],
    holdMs: number,
  ): (Fence | undefined)[] {
    const fences = items.map(({ key, intent }) => {
      const slot = this.#slots.at(key)
      const alone = slot?.kind === 'intents' && !slot.touched && slot.untils.has(intent)
      if (alone) return this.#slots.putLease(key, holdMs, false)
      this.#endOne(key, intent)
      return undefined
    })
    this.#announce(
      items.map(({ key }) => key),
      false,
    )
    return fences
  }

  #endOne(key: string, intent: string): void {
    const slot = this.#slots.at(key)
    if (slot?.kind === 'intents') slot.untils.delete(intent)
    // Not an intent any more: ours had run out, and what was stored since may be from before the commit.
    if (slot?.kind !== 'intents' || slot.untils.size === 0) this.#slots.delete(key)
  }

  tags(tags: readonly string[]): (TagState | undefined)[] {
    return this.#markers.states(tags)
  }

  stampTags(tags: readonly string[], tagClock: string): (string | undefined)[] {
    return this.#markers.stamp(tags, tagClock, this.#epoch)
  }

  invalidate(tags: readonly string[], soft: boolean): void {
    this.#markers.invalidate(tags, soft)
    this.#removed({ kind: 'tags', tags, soft })
  }

  clear(): void {
    this.rotate()
    this.#removed({ kind: 'all' })
  }

  #tagClockNow(): string {
    return this.#markers.clock(this.#epoch)
  }

  #announce(keys: readonly string[], soft: boolean): void {
    if (keys.length > 0) this.#removed({ kind: 'keys', keys: [...keys], soft })
  }

  #removed(removal: Removal): void {
    this.#removals++
    this.#host.removed(removal)
  }

  #removalsNow(): string {
    return `${this.#epoch} ${this.#removals}`
  }
}
