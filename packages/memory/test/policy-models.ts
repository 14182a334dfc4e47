import { FrequencySketch } from '../src/index.ts'
import { WindowClimb } from '../src/window-climb.ts'

/** A policy as one would write it down first: lists of keys, oldest first, and no thought of cost. */
export interface Model {
  hit(key: number): void
  add(key: number): void
  victim(): number | undefined
  remove(key: number, evicted: boolean): void
}

/** Spreads small keys over buckets of their own, so that no two of them meet in a table. */
export const hashOf = (key: number): number => key * 4

const without = (list: readonly number[], key: number): number[] => list.filter((one) => one !== key)

export class LruModel implements Model {
  list: number[] = []
  hit(key: number): void {
    this.list = [...without(this.list, key), key]
  }
  add(key: number): void {
    this.list.push(key)
  }
  victim(): number | undefined {
    return this.list[0]
  }
  remove(key: number): void {
    this.list = without(this.list, key)
  }
}

export class SieveModel implements Model {
  list: number[] = []
  used = new Set<number>()
  hand: number | undefined
  hit(key: number): void {
    this.used.add(key)
  }
  add(key: number): void {
    this.list.push(key)
  }
  #after(key: number): number | undefined {
    return this.list[this.list.indexOf(key) + 1]
  }
  victim(): number | undefined {
    let at = this.hand ?? this.list[0]
    const newest = this.list.at(-1)
    while (at !== undefined && (this.used.delete(at) || (at === newest && this.list.length > 1)))
      at = this.#after(at) ?? this.list[0]
    this.hand = at
    return at
  }
  remove(key: number): void {
    if (key === this.hand) this.hand = this.#after(key)
    this.list = without(this.list, key)
    this.used.delete(key)
  }
}

/** The last evicted keys, as many as there were entries at the last eviction. */
class Ghosts {
  #keys: { key: number; at: number }[] = []
  #evictions = 0
  #span = 0
  add(key: number, span: number): void {
    this.#span = span
    this.#keys = this.#keys.filter((ghost) => ghost.key !== key)
    this.#keys.push({ key, at: ++this.#evictions })
  }
  take(key: number): boolean {
    const ghost = this.#keys.find((one) => one.key === key)
    this.#keys = this.#keys.filter((one) => one !== ghost)
    return ghost !== undefined && this.#evictions - ghost.at < this.#span
  }
}

class Queues {
  small: number[] = []
  main: number[] = []
  uses = new Map<number, number>()
  /** Share of the entries for which ghosts of the small queue are remembered. */
  remembered = 1
  readonly fromSmall = new Ghosts()
  readonly fromMain = new Ghosts()
  get total(): number {
    return this.small.length + this.main.length
  }
  hit(key: number): void {
    this.uses.set(key, Math.min(3, (this.uses.get(key) ?? 0) + 1))
  }
  remove(key: number, evicted: boolean): void {
    if (evicted && this.small.includes(key)) this.fromSmall.add(key, Math.ceil(this.total * this.remembered))
    else if (evicted) this.fromMain.add(key, this.total)
    this.small = without(this.small, key)
    this.main = without(this.main, key)
    this.uses.delete(key)
  }
}

export class S3FifoModel extends Queues implements Model {
  add(key: number): void {
    ;(this.fromSmall.take(key) ? this.main : this.small).push(key)
  }
  victim(): number | undefined {
    for (;;) {
      const small = this.small.length > Math.max(1, this.total * 0.1) || this.main.length === 0
      const key = small ? this.small[0] : this.main[0]
      if (key === undefined) return undefined
      const uses = this.uses.get(key) ?? 0
      if (small ? uses < 2 : uses === 0) return key
      this.small = without(this.small, key)
      this.main = [...without(this.main, key), key]
      this.uses.set(key, small ? 0 : uses - 1)
    }
  }
}

export class AdaptiveModel extends Queues implements Model {
  share = 0.1
  room = Infinity
  override remembered = 0.75
  add(key: number): void {
    const step = 16 / (this.total + 1)
    if (this.fromSmall.take(key)) {
      this.share = Math.min(0.9, this.share + step)
      const [next] = this.main
      ;(next === undefined || !this.uses.get(next) ? this.main : this.small).push(key)
    } else if (this.fromMain.take(key)) {
      this.share = Math.max(0.01, this.share - step)
      this.main.push(key)
    } else this.small.push(key)
    if (this.total > this.room || this.small.length <= Math.max(1, this.total * this.share)) return
    const [first, ...rest] = this.small
    this.small = rest
    this.main.push(first as number)
  }
  victim(): number | undefined {
    this.room = this.total - 1
    for (;;) {
      const small = this.small.length > Math.max(1, this.total * this.share) || this.main.length === 0
      const key = small ? this.small[0] : this.main[0]
      if (key === undefined) return undefined
      const uses = this.uses.get(key) ?? 0
      if (uses === 0) return key
      this.uses.set(key, 0)
      if (small && uses === 1) this.small = [...without(this.small, key), key]
      else {
        this.small = without(this.small, key)
        this.main = [...without(this.main, key), key]
      }
    }
  }
}

export class TinyLfuModel implements Model {
  window: number[] = []
  probation: number[] = []
  guarded: number[] = []
  candidate: number | undefined
  room = Infinity
  chance = 1
  readonly sketch = new FrequencySketch()
  readonly climb = new WindowClimb()
  get size(): number {
    return this.window.length + this.probation.length + this.guarded.length
  }
  mostGuarded(size: number): number {
    return Math.max(0, size * (0.8 * 0.99 + 0.01 - this.climb.share))
  }
  hit(key: number): void {
    this.sketch.add(hashOf(key))
    this.climb.hits++
    if (this.window.includes(key)) this.window = [...without(this.window, key), key]
    else {
      if (key === this.candidate) this.candidate = undefined
      const climbed = this.probation.includes(key)
      this.probation = without(this.probation, key)
      this.guarded = [...without(this.guarded, key), key]
      if (climbed) this.demote(this.size)
    }
  }
  demote(size: number): void {
    if (this.guarded.length > this.mostGuarded(size)) this.probation.push(this.guarded.shift() as number)
  }
  add(key: number): void {
    const size = this.size + 1
    this.sketch.ensure(size)
    this.sketch.add(hashOf(key))
    this.climb.misses++
    if (size > this.room) this.climb.adjust(this.room)
    else this.climb.pause()
    this.window.push(key)
    const wanted = Math.max(1, Math.floor(this.climb.share * Math.min(size, this.room)))
    if (this.window.length > wanted) {
      this.candidate = this.window.shift() as number
      this.probation.push(this.candidate)
    }
    while (this.window.length > wanted) this.probation.unshift(this.window.shift() as number)
    while (this.window.length < wanted) {
      this.demote(size)
      const [next] = this.probation
      if (next === undefined || next === this.candidate) return
      this.probation.shift()
      this.window.push(next)
    }
  }
  victim(): number | undefined {
    this.room = this.size - 1
    const [victim] = this.probation
    if (victim === undefined)
      return this.window.length <= 1 ? (this.guarded[0] ?? this.window[0]) : this.window[0]
    const { candidate } = this
    if (candidate === undefined || candidate === victim) return victim
    const often = (key: number) => this.sketch.frequency(hashOf(key))
    if (often(candidate) > often(victim)) return victim
    if (often(candidate) < 6) return candidate
    for (const by of [13, -17, 5]) this.chance ^= by > 0 ? this.chance << by : this.chance >>> -by
    return this.chance % 128 === 0 ? victim : candidate
  }
  remove(key: number): void {
    if (key === this.candidate) this.candidate = undefined
    this.window = without(this.window, key)
    this.probation = without(this.probation, key)
    this.guarded = without(this.guarded, key)
  }
}
