import type { LocalEntry } from '@tierstack/cache-core'
import { vacant } from './mark.ts'
import type { Mark } from './mark.ts'
import type { Prefix } from './prefix.ts'

const fewest = 64
/** More removals than a process sees; a whole number of 32 bits, which is compared without being fetched. */
const unseen = 2 ** 31 - 1

/** The next smaller number of 32 bits, or the same: a life is never lengthened by rounding. */
function rounded(ms: number): number {
  const near = Math.fround(ms)
  return near > ms ? Math.fround(near - Math.abs(near) * 2 ** -23) : near
}

/**
 * Entries in numbered slots, an array per field: an object each, with its numbers boxed, would take four times the
 * memory, and its own cache lines at every hit.
 */
export class Slots {
  /** The inputs that tell keys of one prefix apart. */
  inputs: unknown[] = []
  values: unknown[] = []
  marks: Mark[] = []
  /**
   * Three numbers of 64 bits a slot, so that a hit looks at one place in memory: the instant before which it needs no
   * second look, the instant of creation; in the third, as 32 bits each, how long it is fresh and how long its load took.
   */
  instants: Float64Array<ArrayBuffer> = new Float64Array(0)
  #spans = new Float32Array(0)
  /** Up to 4 GiB. Of a free slot: the number of the next free one, plus one. */
  weights: Uint32Array = new Uint32Array(0)
  /** Only where some entry has an `idleTtl`. */
  #usedAt: Float64Array | undefined
  /** Slots taken. */
  size = 0
  /** No entry was seen earlier than that: while nothing was removed by tag since, a hit needn't ask its own mark. */
  seenFrom: number = unseen
  #free = -1
  /** Slots below have been used. */
  #top = 0
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get capacity(): number {
    return this.marks.length
  }

  /** Slots at this number and above are free. */
  get top(): number {
    return this.#top
  }

  /** Takes a free slot, which weighs nothing yet. The capacity may have grown. */
  take(input: unknown, mark: Mark): number {
    let slot = this.#free
    if (slot >= 0) this.#free = (this.weights[slot] as number) - 1
    else {
      if (this.#top === this.capacity) this.#grow()
      slot = this.#top++
    }
    this.size++
    this.inputs[slot] = input
    this.marks[slot] = mark
    this.weights[slot] = 0
    return slot
  }

  release(slot: number): void {
    this.size--
    this.inputs[slot] = undefined
    this.values[slot] = undefined
    this.marks[slot] = vacant
    this.weights[slot] = this.#free + 1
    this.#free = slot
  }

  #grow(): void {
    const wanted = Math.max(fewest, Math.ceil(this.capacity * 1.5))
    const capacity = this.capacity < this.#most ? Math.min(wanted, this.#most) : wanted
    this.inputs = longer(this.inputs, capacity, undefined)
    this.values = longer(this.values, capacity, undefined)
    this.marks = longer(this.marks, capacity, vacant)
    const instants = new Float64Array(capacity * 3)
    instants.set(this.instants)
    this.instants = instants
    this.#spans = new Float32Array(this.instants.buffer)
    this.weights = widened(this.weights, new Uint32Array(capacity))
    if (this.#usedAt) this.#usedAt = widened(this.#usedAt, new Float64Array(capacity))
  }

  clear(): void {
    this.size = 0
    this.seenFrom = unseen
    this.inputs = []
    this.values = []
    this.marks = []
    this.instants = new Float64Array(0)
    this.#spans = new Float32Array(0)
    this.#free = -1
    this.#top = 0
    this.#usedAt = undefined
    this.weights = new Uint32Array(0)
  }

  write(slot: number, entry: LocalEntry, mark: Mark, weight: number): void {
    this.weights[slot] = Math.min(weight, 0xffff_ffff)
    this.values[slot] = entry.value
    this.instants[slot * 3 + 1] = entry.createdAt
    this.#spans[slot * 6 + 4] = rounded(entry.freshUntil - entry.createdAt)
    this.#spans[slot * 6 + 5] = entry.loadMs
    this.amend(slot, entry, mark)
  }

  /** Writes what may change in the life of an entry. */
  amend(slot: number, entry: LocalEntry, mark: Mark): void {
    this.marks[slot] = mark
    if (mark.seen < this.seenFrom) this.seenFrom = mark.seen
    this.instants[slot * 3] = entry.quickUntil
    if (entry.idleTtl === Number.POSITIVE_INFINITY) return
    this.#usedAt ??= new Float64Array(this.capacity)
    this.#usedAt[slot] = entry.usedAt
  }

  #createdAt(slot: number): number {
    return this.instants[slot * 3 + 1] as number
  }

  loadMs(slot: number): number {
    return this.#spans[slot * 6 + 5] as number
  }

  /** The prefix of a slot that is taken. */
  prefixAt(slot: number): Prefix {
    return (this.marks[slot] as Mark).prefix as Prefix
  }

  /** Instant after which the entry serves nobody. */
  endOf(slot: number): number {
    const { staleFor, errorFor } = this.marks[slot] as Mark
    const freshUntil = this.#createdAt(slot) + (this.#spans[slot * 6 + 4] as number)
    return freshUntil + Math.max(staleFor, errorFor)
  }

  /** A copy of the entry. */
  read(slot: number, bytes: number): LocalEntry {
    const mark = this.marks[slot] as Mark
    const createdAt = this.#createdAt(slot)
    const freshUntil = createdAt + (this.#spans[slot * 6 + 4] as number)
    return {
      value: this.values[slot],
      input: this.inputs[slot],
      createdAt,
      freshUntil,
      staleUntil: freshUntil + mark.staleFor,
      errorUntil: freshUntil + mark.errorFor,
      quickUntil: this.instants[slot * 3] as number,
      soft: mark.soft,
      stamp: mark.stamp,
      tags: mark.tags,
      slots: mark.slots,
      seen: mark.seen,
      loadMs: this.loadMs(slot),
      etag: mark.etag,
      vouchedAt: mark.vouchedAt ?? createdAt,
      provisional: mark.provisional,
      usedAt: this.#usedAt?.[slot] ?? createdAt,
      idleTtl: mark.idleTtl,
      isolation: mark.isolation,
      bytes,
    }
  }
}

/** Of exactly the wanted length: growing by itself, an array would keep half as much again in reserve. */
function longer<V>(old: readonly V[], length: number, filler: V): V[] {
  const list = new Array<V>(length)
  for (let i = 0; i < old.length; i++) list[i] = old[i] as V
  for (let i = old.length; i < length; i++) list[i] = filler
  return list
}

function widened<A extends Float64Array | Uint32Array>(old: A, wider: A): A {
  wider.set(old)
  return wider
}
