import type {
  BulkOutcome,
  Fence,
  FrameWrite,
  LeaseRead,
  Removal,
  StoredFrame,
  Surveyed,
  TagState,
  WriteOutcome,
} from '@tierstack/cache-core'
import { beginIntent, concludeIntent, endIntent } from './store-intents.ts'
import { StoreLeases } from './store-leases.ts'
import type { LeaseHost } from './store-leases.ts'
import { StoreMarkers } from './store-markers.ts'
import { frameOf, StoreSlots } from './store-slots.ts'

export interface SpaceHost extends LeaseHost {
  removed(removal: Removal): void
}

/** The keys and tags of one namespace, and every verb of the protocol as one atomic step. */
export class StoreSpace {
  /** The steps that concern one lease each, and remove nothing. */
  readonly leases: StoreLeases
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
    this.leases = new StoreLeases(host, slots)
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
    return { tagClock: this.#tagClockNow(), reads: keys.map((key) => this.leases.lease(key, holdMs)) }
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
    for (const key of keys) beginIntent(this.#slots, { key, intent, until })
    this.#announce(keys, false)
  }

  end(keys: readonly string[], intent: string): void {
    for (const key of keys) endIntent(this.#slots, key, intent)
    this.#announce(keys, false)
  }

  conclude(
    items: readonly { readonly key: string; readonly intent: string }[],
    holdMs: number,
  ): (Fence | undefined)[] {
    const fences = items.map(({ key, intent }) => concludeIntent(this.#slots, { key, intent, holdMs }))
    this.#announce(
      items.map(({ key }) => key),
      false,
    )
    return fences
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
