import type { Chain } from './chain.ts'
import type { Job } from './job.ts'
import { ttlsOf } from './freshness.ts'
import type { Query } from './query.ts'
import { leaseMs } from './remote-link.ts'
import type { RemoteLink } from './remote-link.ts'
import { openFrame } from './open-frame.ts'
import { giveBack } from './remote-read.ts'
import type { Place } from './remote-read.ts'
import { backfill, lagging, putLocal, reportFenced, storeRemoteMany } from './store.ts'
import type { Stored } from './store.ts'
import { marksOf } from './tag-marks.ts'

/*
 * Many keys at once, by the same protocol as one: one batch of leases per tier, one load, one batch of fills per tier,
 * and no promises, flights or timers per key. What isn't plain (a stale entry, somebody else's load or write) is left
 * to single reads, which know what to do.
 */

/** Deadline of a tier's answer to a whole batch, ms: nobody waits for it. */
const patienceMs = 2_000

export interface WarmItem {
  readonly key: string
  readonly input: unknown
}

export interface Warmed {
  loaded: number
  skipped: number
  readonly errors: { readonly key: string; readonly error: unknown }[]
  /** To be read one by one. */
  readonly aside: WarmItem[]
}

interface Missing extends WarmItem {
  readonly places: Place[]
}

/** The fence sequence and the instant at which the work on a batch began. */
interface Start {
  readonly sequence: number
  readonly startedAt: number
}

export type LoadAll = (inputs: readonly unknown[], signal: AbortSignal) => Promise<readonly (() => unknown)[]>

export async function warmBatch(
  chain: Chain,
  query: Query,
  loadAll: LoadAll,
  items: readonly WarmItem[],
  signal: AbortSignal,
): Promise<Warmed> {
  const warmed: Warmed = { loaded: 0, skipped: 0, errors: [], aside: [] }
  const start: Start = { sequence: chain.fence.sequence, startedAt: chain.clock.now() }
  let missing = notLocal(chain, items, start.startedAt, warmed)
  for (const link of chain.links) missing = await notAt(chain, query, link, missing, start, warmed)
  if (missing.length === 0) return warmed
  const stop = keepAll(chain, missing)
  try {
    await loadAndStore(chain, query, loadAll, missing, start, signal, warmed)
  } finally {
    stop()
  }
  return warmed
}

/** What no local tier has fresh. */
function notLocal(chain: Chain, items: readonly WarmItem[], now: number, warmed: Warmed): Missing[] {
  const missing = new Map<string, Missing>()
  for (const item of items) {
    const { key, input } = item
    if (missing.has(key)) {
      warmed.skipped++
      continue
    }
    const view = chain.locals.look(key, now, undefined)
    if (view?.state === 'fresh') warmed.skipped++
    else if (view !== undefined || chain.flights.has(key) || chain.failures.recent(key))
      warmed.aside.push(item)
    else missing.set(key, { key, input, places: [] })
  }
  return [...missing.values()]
}

/** What one remote tier hasn't fresh either; each with the lease that it gave. */
async function notAt(
  chain: Chain,
  query: Query,
  link: RemoteLink,
  items: readonly Missing[],
  start: Start,
  warmed: Warmed,
): Promise<Missing[]> {
  if (items.length === 0) return []
  if (link.hearsay && start.startedAt >= chain.live.until) return [...items]
  const usable = items.filter(({ key }) => link.usable(key))
  const rest = usable.length === items.length ? [] : items.filter(({ key }) => !link.usable(key))
  let answers: Awaited<ReturnType<RemoteLink['leaseMany']>>
  try {
    answers = await link.leaseMany(
      usable.map(({ key }) => key),
      patienceMs,
    )
  } catch {
    return [...items]
  }
  const { reads, tagClock } = answers
  for (const [i, item] of usable.entries()) {
    const read = reads[i]
    if (read?.state === 'leased') {
      item.places.push({ link, fence: read.fence, claim: undefined, tagClock, blocked: false })
      rest.push(item)
    } else if (read?.state !== 'hit') leaveAside(item, warmed)
    else {
      const { frame } = read
      const job: Job = {
        query,
        key: item.key,
        input: item.input,
        view: undefined,
        options: undefined,
        reason: 'warm',
        revalidate: false,
        shared: false,
        trace: undefined,
      }
      const opened = await openFrame(chain, job, link, frame)
      if (opened?.state !== 'fresh') {
        leaveAside(item, warmed)
        continue
      }
      const place: Place = { link, fence: undefined, claim: frame.stamp, tagClock, blocked: false }
      backfill(chain, job, start, { place, stamp: frame.stamp, ...opened }, item.places)
      warmed.skipped++
    }
  }
  return rest
}

function leaveAside(item: Missing, warmed: Warmed): void {
  giveBack(item.key, item.places)
  warmed.aside.push({ key: item.key, input: item.input })
}

async function loadAndStore(
  chain: Chain,
  query: Query,
  loadAll: LoadAll,
  items: readonly Missing[],
  start: Start,
  signal: AbortSignal,
  warmed: Warmed,
): Promise<void> {
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
    return
  }
  const ms = chain.clock.now() - beganAt
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
  if (stored.length > 0) await storeRemoteMany(chain, query, stored, moment, patienceMs)
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

/** Renews all leases of a batch at a third of their life. */
function keepAll(chain: Chain, items: readonly Missing[]): () => void {
  let cancel = () => {}
  const again = () => {
    cancel = chain.clock.after(leaseMs / 3, () => {
      for (const link of chain.links) {
        const held = items.flatMap(({ key, places }) => {
          const fence = places.find((place) => place.link === link)?.fence
          return fence === undefined ? [] : [{ key, fence }]
        })
        if (held.length > 0) void link.renewMany(held)
      }
      again()
    })
  }
  again()
  return () => cancel()
}
