import type { Clock } from './clock.ts'
import type { TagState } from './coherence.ts'
import { tagSlot } from './fence.ts'
import type { RemovalFence } from './fence.ts'
import type { Liveness } from './liveness.ts'

/** A tag as an answer of the tag tier told of it. */
export interface KnownTag {
  readonly state: TagState | undefined
  /** Fence sequence when it was asked for: a removal noticed since then ends it. */
  readonly sequence: number
  /** Order of answers, to tell what was known before a load began. */
  readonly order: number
  readonly until: number
}

const mostKnown = 20_000
/** Markers live longer than that in the tier, and asking again keeps them alive there. */
const knownMs = 60_000

/** The generations that this process was told of lately, in bounded memory. */
export class KnownTags {
  /** Number of the last answer. */
  order = 0
  /** Grows with whatever is learnt or forgotten. */
  learnt = 0
  readonly #fence: RemovalFence
  readonly #clock: Clock
  readonly #live: Liveness
  readonly #known = new Map<string, KnownTag>()

  constructor(fence: RemovalFence, clock: Clock, live: Liveness) {
    this.#fence = fence
    this.#clock = clock
    this.#live = live
  }

  /** What was last told, whether or not it still holds. */
  get(tag: string): KnownTag | undefined {
    return this.#known.get(tag)
  }

  /** What was told, if it holds: it isn't old, the buses vouch for it, and no removal of the tag was noticed since. */
  trusted(tag: string, now: number): KnownTag | undefined {
    const known = this.#known.get(tag)
    if (known === undefined) return undefined
    const trusted =
      now < known.until &&
      now < this.#live.until &&
      this.#fence.tagsRemovedAt([tagSlot(tag)]) <= known.sequence &&
      !this.#fence.suspectSince(known.sequence) &&
      !this.#fence.clearedSince(known.sequence)
    return trusted ? known : undefined
  }

  /** Keeps the answer numbered `order`, to what was asked at the fence's `sequence`. */
  note(tag: string, state: TagState | undefined, sequence: number, order: number): KnownTag {
    const known: KnownTag = { state, sequence, order, until: this.#clock.now() + knownMs }
    this.learnt++
    this.#known.delete(tag)
    // A missing generation may be created by anybody at any time, unannounced: never remembered.
    if (state !== undefined) this.#known.set(tag, known)
    if (this.#known.size > mostKnown) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    }
    return known
  }

  forget(tags: readonly string[]): void {
    this.learnt++
    for (const tag of tags) this.#known.delete(tag)
  }

  forgetAll(): void {
    this.learnt++
    this.#known.clear()
  }
}
