import type { Chain } from './chain.ts'
import type { Query } from './query.ts'
import { giveBack } from './remote-read.ts'
import type { Place } from './remote-read.ts'
import { storeRemoteMany } from './store-remote.ts'
import type { Stored } from './store-frames.ts'
import type { TagMoment } from './tag-stamps.ts'
import { storeSurveyed } from './warm-bulk.ts'
import type { Pace, Survey } from './warm-bulk.ts'
import { byPlaces, patienceMs } from './warm-item.ts'
import type { LoadAll, Missing, Start, Warmed, WarmItem } from './warm-item.ts'
import { Keeping } from './warm-keep.ts'

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
  const clockOf = byPlaces((places) => places.find((place) => place.link === chain.tags.link)?.tagClock)
  const [first] = items
  // One clock for the whole batch: who wasn't given it goes another way.
  const tagClock = first && clockOf(first.places)
  const moment = chain.tags.moment(tagClock)
  const ready = items.filter(({ places }) => clockOf(places) === tagClock)
  if (ready.length < items.length)
    for (const item of items) if (clockOf(item.places) !== tagClock) leaveAside(item, warmed)
  const beganAt = chain.clock.now()
  let valueAt: (at: number) => unknown
  try {
    valueAt = await loadAll(
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
  const keeping = new Keeping(chain, query, { beganAt, loadMs: ms, sequence: start.sequence })
  for (let i = 0; i < ready.length; i++) {
    const item = ready[i] as Missing
    const { key, places } = item
    try {
      const value = valueAt(i)
      if (chain.events.on.load)
        chain.events.emit('load', {
          def: query.def,
          reason: 'warm',
          ms,
          key: () => key,
          changed: () => undefined,
        })
      const one = keeping.keep(item, value)
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
  const leased = byPlaces((places) => places.some(({ fence }) => fence !== undefined))
  if (stored.some(({ places }) => leased(places)))
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
    for (const key of await storeSurveyed(chain, query, stored, moment, survey)) again.add(key)
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

export function leaveAside(item: Missing, warmed: Warmed): void {
  giveBack(item.key, item.places)
  warmed.aside.push({ key: item.key, input: item.input })
}
