import { Batch } from './batch.ts'
import type { Clock } from './clock.ts'
import type { TagState } from './coherence.ts'
import type { TagStamp } from './entry.ts'
import type { RemovalFence } from './fence.ts'
import { KnownTags } from './known-tags.ts'
import type { KnownTag } from './known-tags.ts'
import type { Liveness } from './liveness.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { RemoteLink } from './remote-link.ts'
import { TagStamps } from './tag-stamps.ts'
import type { TagMoment } from './tag-stamps.ts'
import type { TagTier, TagVerbs } from './tag-tier.ts'

export type TagStanding = 'valid' | 'soft' | 'invalid'

/**
 * Tag generations as this process knows them. An entry carries the generations that were current before its load
 * began; it is valid while they still are. A missing generation means invalid: a marker that was evicted must not
 * bring back what it had removed.
 *
 * Known generations answer without a round trip while the bus vouches for them.
 */
export class TagBook {
  /** The tier that keeps the generations; undefined when nothing is remote. */
  readonly link: RemoteLink | undefined
  readonly verbs: TagVerbs | undefined
  readonly #fence: RemovalFence
  readonly #clock: Clock
  readonly #live: Liveness
  readonly #known: KnownTags
  readonly #stamps: TagStamps
  readonly #asks: Batch<string, KnownTag>
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
    readonly tier: TagTier | undefined
    readonly fence: RemovalFence
    readonly clock: Clock
    readonly live: Liveness
  }) {
    this.link = o.tier?.link
    this.verbs = o.tier?.verbs
    this.#fence = o.fence
    this.#clock = o.clock
    this.#live = o.live
    this.#known = new KnownTags(o.fence, o.clock, o.live)
    this.#stamps = new TagStamps(o.tier, this.#known, o.fence)
    this.#asks = new Batch((tags) => this.#ask(tags))
  }

  moment(tagClock: string | undefined): TagMoment {
    return { order: this.#known.order, tagClock }
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
      last.learnt === this.#known.learnt &&
      link.journal.size === 0
    )
      return 'valid'
    if (link.journal.size > 0 && stamps.some(({ tag }) => link.journal.fencesTag(tag))) return 'invalid'
    let standing: TagStanding = 'valid'
    let until = Number.POSITIVE_INFINITY
    for (const stamp of stamps) {
      const known = this.#known.trusted(stamp.tag, now)
      if (known === undefined) return this.#standingAsked(stamps)
      const one = compare(stamp, known.state)
      if (one === 'invalid') return one
      if (one === 'soft') standing = 'soft'
      until = Math.min(until, known.until)
    }
    if (standing === 'valid')
      this.#lastValid = { stamps, until, sequence: this.#fence.sequence, learnt: this.#known.learnt }
    return standing
  }

  /**
   * Stamps for an entry whose load began at `moment`, or undefined when it mustn't be stored remotely: a tag was, or
   * may have been, invalidated since, or the tag tier can't tell.
   */
  stamps(tags: readonly string[], moment: TagMoment): MaybePromise<readonly TagStamp[] | undefined> {
    return this.#stamps.of(tags, moment)
  }

  /** As `stamps`, for several entries; what isn't known is asked for once for all of them. */
  stampsMany(
    lists: readonly (readonly string[])[],
    moment: TagMoment,
  ): Promise<readonly (readonly TagStamp[] | undefined)[]> {
    return this.#stamps.many(lists, moment)
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
    this.#known.forget(tags)
  }

  forgetAll(): void {
    this.#known.forgetAll()
  }

  async #standingAsked(stamps: readonly TagStamp[]): Promise<TagStanding> {
    const now = this.#clock.now()
    let standing: TagStanding = 'valid'
    const unknown: TagStamp[] = []
    for (const stamp of stamps) {
      const known = this.#known.trusted(stamp.tag, now)
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

  async #ask(tags: readonly string[]): Promise<KnownTag[]> {
    const verbs = this.verbs as TagVerbs
    const { sequence } = this.#fence
    const states = await (this.link as RemoteLink).ask(() => verbs.tags(tags))
    // Counted when the answer is here: one that arrives during a load may already tell of an invalidation since.
    const order = ++this.#known.order
    return tags.map((tag, i) => this.#known.note(tag, states[i], sequence, order))
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
