import type { Chain } from './chain.ts'
import { ttlsOf } from './freshness.ts'
import type { Query } from './query.ts'
import { reportFenced } from './refused.ts'
import { lagging, putLocal, tagsOf } from './store.ts'
import type { Stored } from './store-frames.ts'
import { marksOf } from './tag-marks.ts'
import { byPlaces } from './warm-item.ts'
import type { Missing } from './warm-item.ts'

const noTags: readonly string[] = []

/** A value for the local tiers and the remote ones alike. */
export interface Kept extends Stored {
  readonly input: unknown
}

/** Puts the values of one batch, whose load began at one instant, into the local tiers. */
export class Keeping {
  readonly #chain: Chain
  readonly #query: Query
  readonly #batch: { readonly beganAt: number; readonly loadMs: number; readonly sequence: number }
  readonly #provisional: (places: Missing['places']) => boolean
  /** When the first was put: the others follow in the same turn. */
  #now: number | undefined

  constructor(
    chain: Chain,
    query: Query,
    batch: { readonly beganAt: number; readonly loadMs: number; readonly sequence: number },
  ) {
    this.#chain = chain
    this.#query = query
    this.#batch = batch
    this.#provisional = byPlaces((places) =>
      chain.links.some(
        (link) => link.coherence !== undefined && !places.some((place) => place.link === link),
      ),
    )
  }

  /** Returns what the remote tiers are to get, if anything. */
  keep(item: Missing, value: unknown): Kept | undefined {
    const kept = this.made(item, value)
    if (kept === undefined) return undefined
    this.put(kept)
    return item.places.length === 0 ? undefined : kept
  }

  /** What is to be stored; undefined when nothing may be. */
  made({ key, input, places }: Missing, value: unknown): Kept | undefined {
    if (value === undefined) return undefined
    const chain = this.#chain
    const query = this.#query
    const { beganAt, loadMs, sequence } = this.#batch
    const tags = tagsOf(chain, query, key, input, { value, tags: noTags })
    if (lagging(chain, key, marksOf(tags).slots, beganAt)) return undefined
    const ttls = ttlsOf(query.policy, value, undefined, chain.random)
    return { key, input, value, ttls, beganAt, tags, sequence, loadMs, etag: undefined, places }
  }

  /**
   * `vouched`: the fence sequence up to which the far tiers, having stored the value since, vouch that no message was
   * lost which concerns it.
   */
  put(kept: Kept, vouched: number = kept.sequence): void {
    const { key, input, value, ttls, beganAt, tags, loadMs, places } = kept
    if (vouched !== kept.sequence && this.#removed(kept)) {
      reportFenced(this.#chain, this.#query, key, 0)
      return
    }
    const sequence = vouched
    const provisional = this.#provisional(places)
    const now = (this.#now ??= this.#chain.clock.now())
    const parts = {
      input,
      ttls,
      createdAt: beganAt,
      sequence,
      tags,
      loadMs,
      etag: undefined,
      provisional,
      now,
    }
    if (putLocal(this.#chain, this.#query, key, value, parts) === 'fenced')
      reportFenced(this.#chain, this.#query, key, 0)
  }

  #removed({ key, tags, sequence }: Kept): boolean {
    const { fence } = this.#chain
    return fence.keyRemoved(key, sequence) || fence.tagsRemovedAt(marksOf(tags).slots) > sequence
  }
}
