import type { Bulk, Surveyed } from './bulk.ts'
import type { Chain } from './chain.ts'
import type { LeaseRead } from './coherence.ts'
import type { Job } from './job.ts'
import type { Query } from './query.ts'
import { leaseMs } from './remote-link.ts'
import type { RemoteLink } from './remote-link.ts'
import { openFrame } from './open-frame.ts'
import type { Place } from './remote-read.ts'
import { backfill } from './backfill.ts'
import { surveyOf } from './warm-bulk.ts'
import type { Pace, Survey } from './warm-bulk.ts'
import { patienceMs } from './warm-item.ts'
import type { LoadAll, Missing, Start, Warmed, WarmItem } from './warm-item.ts'
import { leaveAside, loadAndStore } from './warm-load.ts'

/*
 * Many keys at once, by the same protocol as one: one fence for the batch, or one lease per key, from each tier, one
 * load, one batch of fills per tier, and no promises, flights or timers per key. What isn't plain (a stale entry,
 * somebody else's load or write) is left to single reads, which know what to do.
 */

export async function warmBatch(
  chain: Chain,
  query: Query,
  loadAll: LoadAll,
  items: readonly WarmItem[],
  o: { readonly signal: AbortSignal; readonly pace: Pace; readonly loaded: () => void },
): Promise<Warmed> {
  const warmed: Warmed = { loaded: 0, skipped: 0, errors: [], aside: [] }
  const { signal, pace } = o
  const again = await once(chain, query, loadAll, items, { ...o, unleased: pace.unleased, warmed })
  // Something was removed meanwhile, and the fence can't tell what: leases can.
  if (again.length > 0 && !signal.aborted)
    await once(chain, query, loadAll, again, { ...o, unleased: false, warmed })
  return warmed
}

/** Resolves to what has to be loaded again. */
async function once(
  chain: Chain,
  query: Query,
  loadAll: LoadAll,
  items: readonly WarmItem[],
  o: {
    readonly signal: AbortSignal
    readonly pace: Pace
    readonly loaded: () => void
    readonly unleased: boolean
    readonly warmed: Warmed
  },
): Promise<readonly WarmItem[]> {
  const { unleased, warmed } = o
  const start: Start = { sequence: chain.fence.sequence, startedAt: chain.clock.now() }
  const surveys: Survey[] = []
  let missing = notLocal(chain, items, start.startedAt, warmed)
  for (const link of chain.links) {
    const bulk = unleased ? link.tier.bulk : undefined
    missing = await notAt(chain, query, { link, bulk, surveys }, missing, start, warmed)
  }
  if (missing.length === 0) return []
  const stop = surveys.length === chain.links.length ? () => {} : keepAll(chain, missing)
  try {
    return await loadAndStore(chain, query, loadAll, missing, start, { ...o, surveys })
  } finally {
    stop()
  }
}

const nowhere: readonly Place[] = []

/** What no local tier has fresh. */
function notLocal(chain: Chain, items: readonly WarmItem[], now: number, warmed: Warmed): Missing[] {
  const missing = new Map<string, Missing>()
  const { locals, flights, failures } = chain
  for (const item of items) {
    const { key, input } = item
    if (missing.has(key)) {
      warmed.skipped++
      continue
    }
    const view = locals.look(key, now, undefined, input)
    if (view?.state === 'fresh') warmed.skipped++
    else if (view !== undefined || flights.has(key) || failures.recent(key)) warmed.aside.push(item)
    else missing.set(key, { key, input, places: nowhere })
  }
  return [...missing.values()]
}

/** Leaves leases, or takes one fence for all. */
async function ask(
  { link, bulk, surveys }: { link: RemoteLink; bulk: Bulk | undefined; surveys: Survey[] },
  keys: readonly string[],
): Promise<{ reads: readonly (LeaseRead | Surveyed)[]; tagClock: string; survey: Survey | undefined }> {
  if (bulk === undefined) return { ...(await link.leaseMany(keys, patienceMs)), survey: undefined }
  const surveyed = await link.survey(bulk, keys, patienceMs)
  const survey = surveyOf(link, bulk, surveyed)
  surveys.push(survey)
  return { ...surveyed, survey }
}

/** What one remote tier hasn't fresh either; each with the lease that it gave. */
export async function notAt<T extends Missing>(
  chain: Chain,
  query: Query,
  asking: { readonly link: RemoteLink; readonly bulk: Bulk | undefined; readonly surveys: Survey[] },
  items: readonly T[],
  start: Start,
  warmed: Warmed,
): Promise<T[]> {
  const { link } = asking
  if (items.length === 0) return []
  if (link.hearsay && start.startedAt >= chain.live.until) return [...items]
  const usable = items.filter(({ key }) => link.usable(key))
  const rest = usable.length === items.length ? [] : items.filter(({ key }) => !link.usable(key))
  let answers: Awaited<ReturnType<typeof ask>>
  try {
    answers = await ask(
      asking,
      usable.map(({ key }) => key),
    )
  } catch {
    return [...items]
  }
  const { reads, tagClock, survey } = answers
  const withSurvey = alsoAt(survey?.place)
  for (const [i, item] of usable.entries()) {
    const read = reads[i]
    if (read?.state === 'leased') {
      const place = { link, fence: read.fence, claim: undefined, tagClock, blocked: false }
      item.places = [...item.places, place]
      rest.push(item)
    } else if (read?.state === 'absent' && survey !== undefined) {
      item.places = withSurvey(item.places)
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
      backfill(chain, job, start, opened, item.places)
      warmed.skipped++
    }
  }
  return rest
}

/** Adds a place to a list: to the same list the same way, so that keys go on sharing one. */
function alsoAt(place: Place | undefined): (places: readonly Place[]) => readonly Place[] {
  let before: readonly Place[] | undefined
  let after: readonly Place[] = nowhere
  return (places) => {
    if (place === undefined) return places
    if (places !== before) {
      before = places
      after = [...places, place]
    }
    return after
  }
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
