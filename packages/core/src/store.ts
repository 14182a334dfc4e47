import type { Chain } from './chain.ts'
import type { Reason } from './events.ts'
import type { Flight, Landing } from './flight.ts'
import { lifeOf, makeEntry, ttlsOf } from './freshness.ts'
import type { Life } from './freshness.ts'
import { secure } from './isolate.ts'
import type { Job } from './job.ts'
import type { Loaded } from './load.ts'
import type { Query } from './query.ts'
import { reportFenced } from './refused.ts'
import { giveBack } from './remote-read.ts'
import type { Place } from './remote-read.ts'
import { tallySize } from './stats.ts'
import { storeRemote } from './store-remote.ts'
import type { TagMoment } from './tag-stamps.ts'
import { marksOf } from './tag-marks.ts'
import { tagsIn } from './tags.ts'

/** Step 7 after a load: local tiers under the fence, readers answered, remote tiers with their leases. */
export async function store(
  chain: Chain,
  o: {
    readonly job: Job
    readonly flight: Flight
    readonly loaded: Loaded
    readonly reason: Reason
    readonly moment: TagMoment
    /** When the load began, on `clock.now()`. */
    readonly beganAt: number
    /** Fence sequence from which removals concern the value. */
    readonly sequence: number
    readonly places: readonly Place[]
    readonly leave: () => void
    /** The load, where it was traced. */
    readonly trace: string | undefined
  },
): Promise<void> {
  const { job, flight, loaded, places } = o
  const { key, input } = job
  const query =
    loaded.windows === undefined
      ? job.query
      : { ...job.query, policy: { ...job.query.policy, ...loaded.windows } }
  chain.failures.forget(key)
  const tags = loaded.value === undefined ? [] : tagsOf(chain, query, key, input, loaded)
  const { bare, slots } = marksOf(tags)
  // Also when it isn't stored: those who waited for the load share it.
  const { isolation } = secure(loaded.value, query.policy.isolation)
  const landing = (life: Life | undefined): Landing => ({
    value: loaded.value,
    clone: isolation === 'clone',
    slots,
    tags: bare,
    life,
    position: -1,
    state: 'loaded',
    loadMs: loaded.ms,
    until: Number.POSITIVE_INFINITY,
    reason: o.reason,
  })
  const written = places.some((place) => place.blocked)
  if (loaded.skip || lagging(chain, key, slots, o.beganAt) || written) {
    o.leave()
    flight.end(landing(undefined))
    giveBack(key, places)
    return
  }
  const ttls = ttlsOf(query.policy, loaded.value, loaded.ttl, chain.random)
  const stored = putLocal(chain, query, key, loaded.value, {
    input,
    ttls,
    createdAt: o.beganAt,
    sequence: o.sequence,
    tags,
    loadMs: loaded.ms,
    etag: loaded.etag,
    provisional: chain.links.some(
      (link) => link.coherence !== undefined && !places.some((place) => place.link === link),
    ),
    skip: job.options?.skip,
    loaded: true,
  })
  if (stored === 'fenced') reportFenced(chain, query, key, 0)
  const landed = () => {
    o.leave()
    const longest = Math.max(...ttls)
    const kept = stored !== 'fenced' && longest > 0
    flight.end(landing(kept ? lifeOf(query.policy, o.beganAt, longest) : undefined))
  }
  if (places.length === 0) {
    landed()
    return
  }
  const work = storeRemote(chain, query, key, {
    value: loaded.value,
    ttls,
    beganAt: o.beganAt,
    tags,
    moment: o.moment,
    sequence: o.sequence,
    loadMs: loaded.ms,
    etag: loaded.etag,
    places,
    trace: o.trace,
  })
  if (query.policy.writes === 'await') await work
  landed()
  await work
}

/** Was something removed so shortly before a load began that a replica may have given it the old row? */
export function lagging(chain: Chain, key: string, slots: readonly number[], beganAt: number): boolean {
  return chain.replicaLag > 0 && beganAt - chain.fence.lastRemoval(key, slots) < chain.replicaLag
}

/** The tags of a loaded value: those of its definition, and those that its load gave. */
export function tagsOf(
  chain: Chain,
  query: Query,
  key: string,
  input: unknown,
  loaded: Pick<Loaded, 'value' | 'tags'>,
): readonly string[] {
  const computed = query.tagsOf?.(loaded.value, input) ?? []
  if (computed.length === 0 && loaded.tags.length === 0) return query.tagsBefore(key)
  return [...new Set([...query.tagsBefore(key), ...computed, ...tagsIn(chain, query.path, loaded.tags)])]
}

/** Writes a value into the local tiers, each with its own ttl. */
export function putLocal(
  chain: Chain,
  query: Query,
  key: string,
  value: unknown,
  o: {
    readonly input: unknown
    readonly ttls: readonly number[]
    readonly createdAt: number
    readonly sequence: number
    readonly tags: readonly string[]
    readonly loadMs: number
    readonly etag: string | undefined
    /** A shared tier couldn't be asked whether the key is being written. */
    readonly provisional: boolean
    readonly skip?: readonly string[] | undefined
    /** A load brought it, that began at `sequence` or later. */
    readonly loaded?: boolean
    /** @default a reading of the clock */
    readonly now?: number
  },
): 'stored' | 'fenced' | 'none' {
  const now = o.now ?? chain.clock.now()
  const { bare, slots } = marksOf(o.tags)
  return chain.locals.put(
    key,
    Number.POSITIVE_INFINITY,
    (position) => {
      const ttl = o.ttls[position] as number
      if (ttl <= 0) return undefined
      const life = lifeOf(query.policy, o.createdAt, ttl)
      const { sequence, loadMs, etag } = o
      const parts = {
        value,
        input: o.input,
        life,
        soft: false,
        stamp: '',
        tags: bare,
        slots,
        sequence,
        loadMs,
        etag,
        vouchedAt: o.createdAt,
        provisional: o.provisional,
        now,
      }
      const entry = makeEntry(parts, query.policy)
      if (position === 0 && chain.links.length === 0) tallySize(query.counters, entry.bytes)
      return entry
    },
    o.skip,
    o.loaded,
  )
}
