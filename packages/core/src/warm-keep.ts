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

/** Puts the values of one batch, whose load began at one instant, into the local tiers. */
export class Keeping {
  readonly #chain: Chain
  readonly #query: Query
  readonly #batch: { readonly beganAt: number; readonly loadMs: number; readonly sequence: number }
  readonly #provisional: (places: Missing['places']) => boolean

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
  keep({ key, input, places }: Missing, value: unknown): Stored | undefined {
    if (value === undefined) return undefined
    const chain = this.#chain
    const query = this.#query
    const { beganAt, loadMs, sequence } = this.#batch
    const tags = tagsOf(chain, query, key, input, { value, tags: noTags })
    if (lagging(chain, key, marksOf(tags).slots, beganAt)) return undefined
    const ttls = ttlsOf(query.policy, value, undefined, chain.random)
    const provisional = this.#provisional(places)
    const parts = { input, ttls, createdAt: beganAt, sequence, tags, loadMs, etag: undefined, provisional }
    if (putLocal(chain, query, key, value, parts) === 'fenced') reportFenced(chain, query, key, 0)
    if (places.length === 0) return undefined
    return { key, value, ttls, beganAt, tags, sequence, loadMs, etag: undefined, places }
  }
}
