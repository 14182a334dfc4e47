import { backfillLocal } from './backfill.ts'
import type { Chain } from './chain.ts'
import { slotsOf } from './fence.ts'
import type { Flight } from './flight.ts'
import type { OpenFrame } from './frame.ts'
import { lifeOfFrame } from './freshness.ts'
import { copy, secure } from './isolate.ts'
import { isPromise } from './maybe-promise.ts'
import type { Instant } from './open-frame.ts'
import type { Query } from './query.ts'
import { readScopes } from './read-scope.ts'
import type { RemoteLink } from './remote-link.ts'
import type { StoredFrame } from './stored-frame.ts'

/** When a read began, and what of the fence it saw. */
type Outset = Pick<Flight, 'sequence' | 'startedAt'>

/**
 * Frames of one query that are what most are: intact, not softened, fresh, with tags that are known to be valid; sealed
 * only by a key that is at hand. What the general way finds out of them in objects of its own is found out here in one go; whatever is special
 * about a frame is left to that way.
 */
export class FreshFrames {
  readonly #chain: Chain
  readonly #query: Query
  readonly #link: RemoteLink
  #usual: boolean

  constructor(chain: Chain, query: Query, link: RemoteLink) {
    this.#chain = chain
    this.#query = query
    this.#link = link
    this.#usual =
      query.schema === undefined &&
      (chain.locals.tiers.length > 0 || query.policy.refreshAhead === false || query.load === undefined)
  }

  /** Whether it is the frames of this query that are read. */
  isOf(query: Query): boolean {
    return this.#query === query
  }

  /**
   * The value for one reader, counted and put into the local tiers; undefined where the frame isn't such a one. Whoever
   * hands it over tells the listeners, in the reader's context.
   */
  value(key: string, input: unknown, frame: StoredFrame, { now, wall }: Instant, outset: Outset): unknown {
    if (!this.#usual || frame.soft || readScopes.open > 0) return undefined
    const chain = this.#chain
    const query = this.#query
    let taken: OpenFrame
    let value: unknown
    try {
      const unsealed = chain.frames.unseal(chain.frames.open(frame, key), query.sensitive)
      if (isPromise(unsealed)) {
        // The general way asks for the key again. The next frames of the batch go there at once.
        unsealed.catch(() => {})
        this.#usual = false
        return undefined
      }
      taken = unsealed
      const { header } = taken
      if (chain.tags.standing(header.tags, now) !== 'valid') return undefined
      if (!(Math.max(0, wall - header.createdAt) < header.freshFor)) return undefined
      value = chain.frames.decode(taken, query.codec)
    } catch {
      // The general way says what is wrong with it.
      return undefined
    }
    if (value === undefined) return undefined
    const { header } = taken
    const stored =
      chain.locals.tiers.length === 0
        ? undefined
        : backfillLocal(chain, { query, key, input, options: undefined }, outset, {
            value,
            life: lifeOfFrame(header, now, wall),
            stamp: stampToKeep(frame, taken),
            tags: header.tags,
            slots: slotsOf(header.tags),
            loadMs: header.loadMs,
            etag: header.etag,
            from: this.#link.position,
            now,
          })
    const isolation = stored ?? secure(value, query.policy.isolation).isolation
    const { counters } = query
    const { position } = this.#link
    counters.hits[position] = (counters.hits[position] as number) + 1
    counters.saved[0] = (counters.saved[0] as number) + header.loadMs
    return isolation === 'clone' ? copy(value) : value
  }
}

/** To decode a shorter value once more costs less than every entry would that carries its stamp. */
const longEnough = 1_024

/** What tells later that the frame is still the same, and needn't be decoded again; none for a short one. */
function stampToKeep(frame: StoredFrame, { whole, payloadStart = 0 }: OpenFrame): string {
  return whole !== undefined && whole.length - payloadStart < longEnough ? '' : frame.stamp
}
