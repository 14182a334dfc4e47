import { Batch } from './batch.ts'
import type { TagStamp } from './entry.ts'
import type { RemovalFence } from './fence.ts'
import type { KnownTags } from './known-tags.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { TagTier } from './tag-tier.ts'

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

/**
 * Generations to stamp entries with. An older generation than the current one is always safe: it can only make the
 * entry invalid.
 */
export class TagStamps {
  /** Undefined when nothing is remote. */
  readonly #tier: TagTier | undefined
  readonly #known: KnownTags
  readonly #fence: RemovalFence
  readonly #stampings: Batch<Stamping, string | undefined>

  constructor(tier: TagTier | undefined, known: KnownTags, fence: RemovalFence) {
    this.#tier = tier
    this.#known = known
    this.#fence = fence
    this.#stampings = new Batch((stampings) => this.#stampAll(stampings))
  }

  /** See `TagBook.stamps`. */
  of(tags: readonly string[], moment: TagMoment): MaybePromise<readonly TagStamp[] | undefined> {
    return tags.length === 0 ? noStamps : this.#one(tags, moment)
  }

  async #one(tags: readonly string[], moment: TagMoment): Promise<readonly TagStamp[] | undefined> {
    return (await this.many([tags], moment))[0]
  }

  /** See `TagBook.stampsMany`. */
  async many(
    lists: readonly (readonly string[])[],
    moment: TagMoment,
  ): Promise<readonly (readonly TagStamp[] | undefined)[]> {
    if (this.#tier === undefined) return lists.map((tags) => tags.map((tag) => ({ tag, generation: '' })))
    const { journal } = this.#tier.link
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
      if (journal.size > 0 && tags.some((tag) => journal.fencesTag(tag))) return undefined
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
    const { link, verbs } = this.#tier as TagTier
    const { sequence } = this.#fence
    try {
      const stamped = await link.ask(() => verbs.stampTags(tags, tagClock))
      const order = ++this.#known.order
      for (const [i, tag] of tags.entries()) {
        const generation = stamped[i]
        if (generation !== undefined && this.#known.get(tag) === undefined)
          this.#known.note(tag, { generation, softened: [] }, sequence, order)
      }
      return stamped
    } catch {
      // Nobody can tell: entries with these tags aren't stored.
      return []
    }
  }
}
