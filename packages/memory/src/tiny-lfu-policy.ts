import type { EvictionPolicy } from './eviction-policy.ts'
import { FrequencySketch } from './frequency-sketch.ts'
import { SlotLinks, SlotList } from './slot-list.ts'
import { WindowClimb } from './window-climb.ts'

const window = 0
const probation = 1
const guarded = 2
/** Share of the main region for entries used again there, as long as the window is as small as it begins. What the window gains they lose. */
const guardedShare = 0.8
const firstWindow = 0.01
/** How often a newcomer must have come to be let in now and then all the same: what it would replace may only look popular. */
const warm = 6
/** Entries that change places in one call at most. */
const mostMoves = 256

/**
 * W-TinyLFU: newcomers pass a window ruled by recency; from there they get into the main region, a segmented LRU, only
 * if they came more often lately than what they would replace. The window's share follows the hit ratio.
 *
 * Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions on Storage 2017;
 * Einziger, Eytan, Friedman, Manes: "Adaptive Software Cache Management", Middleware 2018. Shares, steps and the chance of a
 * warm newcomer are those of Caffeine's simulator.
 */
export class TinyLfuPolicy implements EvictionPolicy {
  readonly #links = new SlotLinks()
  readonly #window = new SlotList(this.#links)
  readonly #probation = new SlotList(this.#links)
  readonly #guarded = new SlotList(this.#links)
  readonly #sketch = new FrequencySketch()
  readonly #climb = new WindowClimb()
  #chance = 1
  #region = new Uint8Array(0)
  #hashes = new Int32Array(0)
  /** Entries that came from the window and haven't yet stood against anything, newest in `#probation`. */
  #candidate = -1
  /** Most entries that there was room for. */
  #room = Number.POSITIVE_INFINITY

  get #size(): number {
    return this.#window.size + this.#probation.size + this.#guarded.size
  }

  grow(capacity: number): void {
    this.#links.grow(capacity)
    const region = new Uint8Array(capacity)
    region.set(this.#region)
    this.#region = region
    const hashes = new Int32Array(capacity)
    hashes.set(this.#hashes)
    this.#hashes = hashes
  }

  hit(slot: number): void {
    this.#sketch.add(this.#hashes[slot] as number)
    this.#climb.hits++
    if (this.#region[slot] === window) this.#window.renew(slot)
    else if (this.#region[slot] === guarded) this.#guarded.renew(slot)
    else {
      if (slot === this.#candidate) this.#candidate = -1
      this.#probation.remove(slot)
      this.#enter(this.#guarded, slot, guarded)
      if (this.#guarded.size > this.#mostGuarded(this.#size)) this.#demote()
    }
  }

  add(slot: number, hash: number): void {
    this.#hashes[slot] = hash
    const size = this.#size + 1
    this.#sketch.ensure(size)
    this.#sketch.add(hash)
    this.#climb.misses++
    if (size > this.#room) this.#climb.adjust(this.#room)
    else this.#climb.pause()
    this.#enter(this.#window, slot, window)
    this.#settle(Math.max(1, Math.floor(this.#climb.share * Math.min(size, this.#room))), size)
  }

  victim(): number {
    this.#room = this.#size - 1
    const candidate = this.#candidate
    const victim = this.#probation.oldest
    if (victim < 0)
      return this.#guarded.oldest >= 0 && this.#window.size <= 1 ? this.#guarded.oldest : this.#window.oldest
    if (candidate < 0 || candidate === victim) return victim
    const often = this.#sketch.frequency(this.#hashes[candidate] as number)
    if (often > this.#sketch.frequency(this.#hashes[victim] as number)) return victim
    return often >= warm && this.#drawn() ? victim : candidate
  }

  remove(slot: number): void {
    if (slot === this.#candidate) this.#candidate = -1
    if (this.#region[slot] === window) this.#window.remove(slot)
    else if (this.#region[slot] === probation) this.#probation.remove(slot)
    else this.#guarded.remove(slot)
  }

  clear(): void {
    this.#window.clear()
    this.#probation.clear()
    this.#guarded.clear()
    this.#links.clear()
    this.#sketch.clear()
    this.#climb.clear()
    this.#region = new Uint8Array(0)
    this.#hashes = new Int32Array(0)
    this.#candidate = -1
    this.#room = Number.POSITIVE_INFINITY
  }

  /** One in 128, by Marsaglia's xorshift. */
  #drawn(): boolean {
    this.#chance ^= this.#chance << 13
    this.#chance ^= this.#chance >>> 17
    this.#chance ^= this.#chance << 5
    return (this.#chance & 127) === 0
  }

  #mostGuarded(size: number): number {
    return Math.max(0, size * (guardedShare * (1 - firstWindow) + firstWindow - this.#climb.share))
  }

  /** Makes the window as large as it is to be; so many entries at most, that no call takes long. */
  #settle(wanted: number, size: number): void {
    // One leaves the window for each that came, and stands against what would go next.
    if (this.#window.size > wanted) {
      const slot = this.#window.oldest
      this.#window.remove(slot)
      this.#enter(this.#probation, slot, probation)
      this.#candidate = slot
    }
    // When the window shrinks, what leaves it goes before all others.
    for (let moved = 0; moved < mostMoves && this.#window.size > wanted; moved++) {
      const slot = this.#window.oldest
      this.#window.remove(slot)
      this.#region[slot] = probation
      this.#probation.unshift(slot)
    }
    for (let moved = 0; moved < mostMoves && this.#window.size < wanted; moved++) {
      if (this.#guarded.size > this.#mostGuarded(size)) this.#demote()
      const slot = this.#probation.oldest
      if (slot < 0 || slot === this.#candidate) return
      this.#probation.remove(slot)
      this.#enter(this.#window, slot, window)
    }
  }

  #demote(): void {
    const slot = this.#guarded.oldest
    this.#guarded.remove(slot)
    this.#enter(this.#probation, slot, probation)
  }

  #enter(list: SlotList, slot: number, region: number): void {
    this.#region[slot] = region
    list.push(slot)
  }
}
