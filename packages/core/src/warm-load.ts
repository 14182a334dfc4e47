import type { Chain } from './chain.ts'
import { ttlsOf } from './freshness.ts'
import type { Query } from './query.ts'
import { giveBack } from './remote-read.ts'
import type { Place } from './remote-read.ts'
import { reportFenced } from './refused.ts'
import { storeRemoteMany } from './store-remote.ts'
import { lagging, putLocal } from './store.ts'
import type { Stored } from './store-frames.ts'
import type { TagMoment } from './tag-book.ts'
import { marksOf } from './tag-marks.ts'
import { storeSurveyed } from './warm-bulk.ts'
import type { Pace, Survey } from './warm-bulk.ts'
import { patienceMs } from './warm-item.ts'
import type { LoadAll, Missing, Start, Warmed, WarmItem } from './warm-item.ts'

/** Loads what no tier has, and stores it. Resolves to what has to be loaded again. */
export async function loadAndStore(
  chain: Chain,
  query: Query,
  loadAll: LoadAll,
  items: readonly Missing[],
  start: Start,
  o: {
    readonly signal: AbortSignal
    readonly pace: Pace
    readonly loaded: () => void
    readonly surveys: readonly Survey[]
    readonly warmed: Warmed
  },
): Promise<readonly WarmItem[]> {
  const { signal, warmed } = o
  const clockOf = ({ places }: Missing) => places.find((place) => place.link === chain.tags.link)?.tagClock
  const [first] = items
  // One clock for the whole batch: who wasn't given it goes another way.
  const tagClock = first && clockOf(first)
  const moment = chain.tags.moment(tagClock)
  const ready = items.filter((item) => clockOf(item) === tagClock)
  for (const item of items) if (clockOf(item) !== tagClock) leaveAside(item, warmed)
  const beganAt = chain.clock.now()
  let values: readonly (() => unknown)[]
  try {
    values = await loadAll(
      ready.map(({ input }) => input),
      signal,
    )
  } catch (error) {
    query.counters.loadErrors++
    for (const { key } of ready) warmed.errors.push({ key, error })
    // Waited for: they may be tried again at once.
    await Promise.all(ready.flatMap(({ key, places }) => places.map((place) => released(key, place))))
    return []
  }
  const ms = chain.clock.now() - beganAt
  o.loaded()
  query.counters.loads += ready.length
  query.counters.loadMs += ms
  const stored: Stored[] = []
  for (const [i, item] of ready.entries()) {
    const { key, input, places } = item
    try {
      const value = values[i]?.()
      if (chain.events.on.load)
        chain.events.emit('load', {
          def: query.def,
          reason: 'warm',
          ms,
          key: () => key,
          changed: () => undefined,
        })
      const one = keepLocal(chain, query, { key, input, value, ms, places, beganAt, start })
      if (one === undefined) giveBack(key, places)
      else stored.push(one)
      warmed.loaded++
    } catch (error) {
      giveBack(key, places)
      warmed.errors.push({ key, error })
    }
  }
  if (stored.length === 0) return []
  const again = await storeSurveys(chain, query, stored, moment, o)
  if (stored.some(({ places }) => places.some(({ fence }) => fence !== undefined)))
    await storeRemoteMany(chain, query, stored, moment, patienceMs)
  warmed.loaded -= again.size
  return again.size === 0 ? [] : ready.filter(({ key }) => again.has(key))
}

/** Far → near, into the tiers that gave one fence for all. Resolves to the keys to be loaded again. */
async function storeSurveys(
  chain: Chain,
  query: Query,
  stored: readonly Stored[],
  moment: TagMoment,
  { surveys, pace }: { readonly surveys: readonly Survey[]; readonly pace: Pace },
): Promise<ReadonlySet<string>> {
  const again = new Set<string>()
  for (const survey of surveys.toReversed()) {
    for (const key of await storeSurveyed(chain, query, stored, moment, survey, patienceMs)) again.add(key)
  }
  if (again.size > 0) pace.refused()
  else if (surveys.length > 0) pace.stored()
  return again
}

async function released(key: string, place: Place): Promise<void> {
  const { link, fence } = place
  place.fence = undefined
  if (fence !== undefined && link.coherence) await link.release(key, fence)
}

/** Puts a value into the local tiers; resolves to what the remote ones are to get, if anything. */
function keepLocal(
  chain: Chain,
  query: Query,
  o: {
    readonly key: string
    readonly input: unknown
    readonly value: unknown
    readonly ms: number
    readonly places: readonly Place[]
    readonly beganAt: number
    readonly start: Start
  },
): Stored | undefined {
  const { key, value, places, beganAt } = o
  if (value === undefined) return undefined
  const computed = query.tagsOf?.(value, o.input) ?? []
  const before = query.tagsBefore(key)
  const tags = computed.length === 0 ? before : [...new Set([...before, ...computed])]
  if (lagging(chain, key, marksOf(tags).slots, beganAt)) return undefined
  const ttls = ttlsOf(query.policy, value, undefined, chain.random)
  const { sequence } = o.start
  const provisional = chain.links.some(
    (link) => link.coherence !== undefined && !places.some((place) => place.link === link),
  )
  const { input, ms: loadMs } = o
  const parts = { input, ttls, createdAt: beganAt, sequence, tags, loadMs, etag: undefined, provisional }
  if (putLocal(chain, query, key, value, parts) === 'fenced') reportFenced(chain, query, key, 0)
  if (places.length === 0) return undefined
  return { key, value, ttls, beganAt, tags, sequence, loadMs, etag: undefined, places }
}

export function leaveAside(item: Missing, warmed: Warmed): void {
  giveBack(item.key, item.places)
  warmed.aside.push({ key: item.key, input: item.input })
}
