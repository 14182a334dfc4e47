import type { Chain } from './chain.ts'
import type { LocalEntry } from './entry.ts'
import { lifeOf, makeEntry, ttlsOf } from './freshness.ts'
import type { Query } from './query.ts'
import { reportFenced } from './refused.ts'
import { tallySize } from './stats.ts'
import { lagging } from './store.ts'
import type { Stored } from './store-frames.ts'
import { marksOf } from './tag-marks.ts'
import { byPlaces } from './warm-item.ts'
import type { Missing } from './warm-item.ts'

const noTags: readonly string[] = []

/**
 * Puts the values of one batch, whose load began at one instant, into the local tiers. What they have in common is
 * found out once: of most definitions that is all but the value and its input.
 */
export class Keeping {
  readonly #chain: Chain
  readonly #query: Query
  readonly #batch: { readonly beganAt: number; readonly loadMs: number; readonly sequence: number }
  readonly #now: number
  readonly #provisional: (places: Missing['places']) => boolean
  #item: Missing | undefined
  #value: unknown
  #tags: readonly string[] = noTags
  #ttls: readonly number[] = []

  constructor(
    chain: Chain,
    query: Query,
    batch: { readonly beganAt: number; readonly loadMs: number; readonly sequence: number },
  ) {
    this.#chain = chain
    this.#query = query
    this.#batch = batch
    this.#now = chain.clock.now()
    this.#provisional = byPlaces((places) =>
      chain.links.some(
        (link) => link.coherence !== undefined && !places.some((place) => place.link === link),
      ),
    )
  }

  /** Returns what the remote tiers are to get, if anything. */
  keep(item: Missing, value: unknown): Stored | undefined {
    if (value === undefined) return undefined
    const { key, places } = item
    const chain = this.#chain
    const query = this.#query
    const { beganAt, loadMs, sequence } = this.#batch
    const tags = this.#tagsOf(item, value)
    if (lagging(chain, key, marksOf(tags).slots, beganAt)) return undefined
    const ttls = ttlsOf(query.policy, value, undefined, chain.random)
    this.#item = item
    this.#value = value
    this.#tags = tags
    this.#ttls = ttls
    if (chain.locals.put(key, Number.POSITIVE_INFINITY, this.#entryAt) === 'fenced')
      reportFenced(chain, query, key, 0)
    if (places.length === 0) return undefined
    return { key, value, ttls, beganAt, tags, sequence, loadMs, etag: undefined, places }
  }

  #tagsOf({ key, input }: Missing, value: unknown): readonly string[] {
    const query = this.#query
    const before = query.tagsBefore(key)
    const computed = query.tagsOf?.(value, input) ?? noTags
    return computed.length === 0 ? before : [...new Set([...before, ...computed])]
  }

  readonly #entryAt = (position: number): LocalEntry | undefined => {
    const item = this.#item as Missing
    const { policy } = this.#query
    const ttl = this.#ttls[position] as number
    if (ttl <= 0) return undefined
    const { beganAt, loadMs, sequence } = this.#batch
    const { bare, slots } = marksOf(this.#tags)
    const entry = makeEntry(
      {
        value: this.#value,
        input: item.input,
        life: lifeOf(policy, beganAt, ttl),
        soft: false,
        stamp: '',
        tags: bare,
        slots,
        sequence,
        loadMs,
        etag: undefined,
        vouchedAt: beganAt,
        provisional: this.#provisional(item.places),
        now: this.#now,
      },
      policy,
    )
    if (position === 0 && this.#chain.links.length === 0) tallySize(this.#query.counters, entry.bytes)
    return entry
  }
}
