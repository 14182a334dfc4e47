import { Batch } from './batch.ts'
import type { Clock } from './clock.ts'
import type { Coherence, TagState } from './coherence.ts'
import type { TagStamp } from './entry.ts'
import { tagSlot } from './fence.ts'
import type { RemovalFence } from './fence.ts'
import type { Liveness } from './liveness.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { RemoteLink } from './remote-link.ts'

/** Where tag generations are kept. */
export type TagVerbs = Pick<Coherence, 'tags' | 'stampTags' | 'invalidate'>

export type TagStanding = 'valid' | 'soft' | 'invalid'

interface Known {
  readonly state: TagState | undefined
  /** Fence sequence when it was asked for: a removal noticed since then ends it. */
  readonly sequence: number
  /** Order of answers, to tell what was known before a load began. */
  readonly order: number
  readonly until: number
}

/** What was known when a load began; only that may stamp its result. */
export interface TagMoment {
  readonly order: number
  /** From the tag tier, taken with the lease; undefined where it couldn't be. */
  readonly tagClock: string | undefined
}

/** A tag to be stamped for a load that began at a tag clock. */
interface Stamping {
  readonly tag: string
  readonly tagClock: string
}

const noStamps: readonly TagStamp[] = []
const mostKnown = 20_000
/** Markers live longer than that in the tier, and asking again keeps them alive there. */
const knownMs = 60_000

/**
 * Tag generations as this process knows them. An entry carries the generations that were current before its load
 * began; it is valid while they still are. A missing generation means invalid: a marker that was evicted must not
 * bring back what it had removed.
 *
 * Known generations answer without a round trip while the bus vouches for them. Stamping an entry with an older
 * generation than the current one is always safe: it can only make the entry invalid.
 */
export class TagBook {
  /** The tier that keeps the generations; undefined when nothing is remote. */
  readonly link: RemoteLink | undefined
  readonly verbs: TagVerbs | undefined
  readonly #fence: RemovalFence
  readonly #clock: Clock
  readonly #live: Liveness
  readonly #known = new Map<string, Known>()
  readonly #asks: Batch<string, Known>
  readonly #stampings: Batch<Stamping, string | undefined>
  #order = 0
  /** Grows with whatever is learnt or forgotten. */
  #learnt = 0
  /**
   * The last list that was found valid, and what that rests on: entries read one after the other often share one list,
   * and while nothing was removed or learnt, it is as valid as it was.
   */
  #lastValid: {
    readonly stamps: readonly TagStamp[]
    readonly until: number
    readonly sequence: number
    readonly learnt: number
  } = { stamps: [], until: 0, sequence: -1, learnt: -1 }

  constructor(o: {
    link: RemoteLink | undefined
    verbs: TagVerbs | undefined
    fence: RemovalFence
    clock: Clock
    live: Liveness
  }) {
    this.link = o.link
    this.verbs = o.verbs
    this.#fence = o.fence
    this.#clock = o.clock
    this.#live = o.live
    this.#asks = new Batch((tags) => this.#ask(tags))
    this.#stampings = new Batch((stampings) => this.#stampAll(stampings))
  }

  moment(tagClock: string | undefined): TagMoment {
    return { order: this.#order, tagClock }
  }

  /** Is an entry with these stamps valid? Answers at once when everything is known. */
  standing(stamps: readonly TagStamp[], now: number = this.#clock.now()): TagStanding | Promise<TagStanding> {
    if (stamps.length === 0) return 'valid'
    const { link } = this
    if (link === undefined || this.verbs === undefined) return 'valid'
    const last = this.#lastValid
    if (
      stamps === last.stamps &&
      now < last.until &&
      now < this.#live.until &&
      last.sequence === this.#fence.sequence &&
      last.learnt === this.#learnt &&
      link.journal.size === 0
    )
      return 'valid'
    if (link.journal.size > 0 && stamps.some(({ tag }) => link.journal.fencesTag(tag))) return 'invalid'
    let standing: TagStanding = 'valid'
    let until = Number.POSITIVE_INFINITY
    for (const stamp of stamps) {
      const known = this.#trusted(stamp.tag, now)
      if (known === undefined) return this.#standingAsked(stamps)
      const one = compare(stamp, known.state)
      if (one === 'invalid') return one
      if (one === 'soft') standing = 'soft'
      until = Math.min(until, known.until)
    }
    if (standing === 'valid')
      this.#lastValid = { stamps, until, sequence: this.#fence.sequence, learnt: this.#learnt }
    return standing
  }

  /**
   * Stamps for an entry whose load began at `moment`, or undefined when it mustn't be stored remotely: a tag was, or
   * may have been, invalidated since, or the tag tier can't tell.
   */
  stamps(tags: readonly string[], moment: TagMoment): MaybePromise<readonly TagStamp[] | undefined> {
    return tags.length === 0 ? noStamps : this.#stampsOf(tags, moment)
  }

  async #stampsOf(tags: readonly string[], moment: TagMoment): Promise<readonly TagStamp[] | undefined> {
    return (await this.stampsMany([tags], moment))[0]
  }

  /** As `stamps`, for several entries; what isn't known is asked for once for all of them. */
  async stampsMany(
    lists: readonly (readonly string[])[],
    moment: TagMoment,
  ): Promise<readonly (readonly TagStamp[] | undefined)[]> {
    const { link } = this
    if (link === undefined || this.verbs === undefined)
      return lists.map((tags) => tags.map((tag) => ({ tag, generation: '' })))
    const generations = new Map<string, string>()
    const unknown = new Set<string>()
    for (const tags of new Set(lists)) {
      for (const tag of tags) {
        if (generations.has(tag)) continue
        const known = this.#known.get(tag)
        if (known?.state !== undefined && known.order <= moment.order)
          generations.set(tag, known.state.generation)
        else unknown.add(tag)
      }
    }
    if (unknown.size > 0) await this.#stampUnknown([...unknown], moment, generations)
    const stampsOf = (tags: readonly string[]): readonly TagStamp[] | undefined => {
      // The tier doesn't know yet that they were invalidated.
      if (link.journal.size > 0 && tags.some((tag) => link.journal.fencesTag(tag))) return undefined
      const stamps: TagStamp[] = []
      for (const tag of tags) {
        const generation = generations.get(tag)
        if (generation === undefined) return undefined
        stamps.push({ tag, generation })
      }
      return stamps
    }
    // Entries of a definition share their list, and so their stamps.
    const made = new Map<readonly string[], readonly TagStamp[] | undefined>()
    return lists.map((tags) => {
      if (!made.has(tags)) made.set(tags, stampsOf(tags))
      return made.get(tags)
    })
  }

  /** Asks the tag tier for stamps; those that it refuses stay out of `generations`. */
  async #stampUnknown(
    tags: readonly string[],
    { tagClock }: TagMoment,
    generations: Map<string, string>,
  ): Promise<void> {
    if (tagClock === undefined) return
    const stamped = await Promise.all(
      tags.map((tag) => this.#stampings.add(`${tagClock} ${tag}`, { tag, tagClock })),
    )
    for (const [i, tag] of tags.entries()) {
      const generation = stamped[i]
      if (generation !== undefined) generations.set(tag, generation)
    }
  }

  /** Loads that began with one lease have one clock: in one tick there are few of them. */
  async #stampAll(stampings: readonly Stamping[]): Promise<(string | undefined)[]> {
    const byClock = Map.groupBy(stampings, ({ tagClock }) => tagClock)
    const generations = new Map<Stamping, string | undefined>()
    await Promise.all(
      [...byClock].map(async ([tagClock, some]) => {
        const stamped = await this.#stamp(
          some.map(({ tag }) => tag),
          tagClock,
        )
        for (const [i, one] of some.entries()) generations.set(one, stamped[i])
      }),
    )
    return stampings.map((one) => generations.get(one))
  }

  async #stamp(tags: readonly string[], tagClock: string): Promise<readonly (string | undefined)[]> {
    const verbs = this.verbs as TagVerbs
    const sequence = this.#fence.sequence
    try {
      const stamped = await (this.link as RemoteLink).ask(() => verbs.stampTags(tags, tagClock))
      const order = ++this.#order
      for (const [i, tag] of tags.entries()) {
        const generation = stamped[i]
        if (generation !== undefined && !this.#known.has(tag))
          this.#note(tag, { generation, softened: [] }, sequence, order)
      }
      return stamped
    } catch {
      // Nobody can tell: entries with these tags aren't stored.
      return []
    }
  }

  /** The tag clock for work that begins now, or undefined when the tag tier can't tell. */
  async clock(key: string): Promise<string | undefined> {
    if (this.link === undefined || this.link.coherence === undefined) return ''
    try {
      return (await this.link.lease(key, true)).tagClock
    } catch {
      return undefined
    }
  }

  forget(tags: readonly string[]): void {
    this.#learnt++
    for (const tag of tags) this.#known.delete(tag)
  }

  forgetAll(): void {
    this.#learnt++
    this.#known.clear()
  }

  async #standingAsked(stamps: readonly TagStamp[]): Promise<TagStanding> {
    const now = this.#clock.now()
    let standing: TagStanding = 'valid'
    const unknown: TagStamp[] = []
    for (const stamp of stamps) {
      const known = this.#trusted(stamp.tag, now)
      if (known === undefined) unknown.push(stamp)
      else standing = worse(standing, compare(stamp, known.state))
    }
    try {
      const [only] = unknown
      const states =
        unknown.length === 1 && only !== undefined
          ? [await this.#asks.add(only.tag, only.tag)]
          : await Promise.all(unknown.map(({ tag }) => this.#asks.add(tag, tag)))
      for (const [i, { state }] of states.entries())
        standing = worse(standing, compare(unknown[i] as TagStamp, state))
      return standing
    } catch {
      // Nobody can vouch for the tags: fail closed.
      return 'invalid'
    }
  }

  async #ask(tags: readonly string[]): Promise<Known[]> {
    const verbs = this.verbs as TagVerbs
    const sequence = this.#fence.sequence
    const states = await (this.link as RemoteLink).ask(() => verbs.tags(tags))
    // Counted when the answer is here: one that arrives during a load may already tell of an invalidation since.
    const order = ++this.#order
    return tags.map((tag, i) => this.#note(tag, states[i], sequence, order))
  }

  #note(tag: string, state: TagState | undefined, sequence: number, order: number): Known {
    const known: Known = { state, sequence, order, until: this.#clock.now() + knownMs }
    this.#learnt++
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

  #trusted(tag: string, now: number): Known | undefined {
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
}

function worse(one: TagStanding, other: TagStanding): TagStanding {
  if (one === 'invalid' || other === 'valid') return one
  return other
}

function compare(stamp: TagStamp, state: TagState | undefined): TagStanding {
  if (state === undefined) return 'invalid'
  if (state.generation === stamp.generation) return 'valid'
  return state.softened.includes(stamp.generation) ? 'soft' : 'invalid'
}
