import type { Chain } from './chain.ts'
import type { Query } from './query.ts'
import type { Place } from './remote-read.ts'
import type { TagMoment } from './tag-stamps.ts'
import { notAt } from './warm-batch.ts'
import { fillSurveyed, surveyOf } from './warm-bulk.ts'
import type { Pace, Survey } from './warm-bulk.ts'
import { patienceMs } from './warm-item.ts'
import type { Missing, Start, Warmed, WarmItem } from './warm-item.ts'
import { Keeping } from './warm-keep.ts'
import type { Kept } from './warm-keep.ts'
import { intentSlackMs } from './write.ts'

/*
 * Rows that a source brings with their keys. The fences of the far tiers, and the number of the last removal known
 * here, are taken before the page is read; as nobody knows its keys then, nothing is looked at, and only what the far
 * tiers stored, where nothing was, comes near. What they refuse is loaded like any other key.
 */

export interface Row extends Missing {
  readonly value: unknown
}

/** What is taken before a page is read. */
export interface Opening extends Start {
  readonly surveys: readonly Survey[]
  readonly moment: TagMoment
}

/** A page that was read under an opening. */
export interface PageRead {
  readonly opening: Opening
  /** When its reading began, on `clock.now()`. */
  readonly beganAt: number
  readonly ms: number
}

/** Whether the far tiers can be filled without having been asked about each key before. */
export function takesPages({ links }: Chain, { policy }: Query): boolean {
  return links.every(({ tier, position }) => tier.bulk !== undefined && (policy.ttls[position] as number) > 0)
}

/** Never rejects: a tier that doesn't answer gets nothing of the page. */
export async function openPage(chain: Chain): Promise<Opening> {
  const sequence = chain.fence.sequence
  const startedAt = chain.clock.now()
  const asked = await Promise.all(
    chain.links.map(async (link): Promise<Survey | undefined> => {
      const { bulk } = link.tier
      if (bulk === undefined || (link.hearsay && startedAt >= chain.live.until)) return undefined
      try {
        return surveyOf(link, bulk, await link.survey(bulk, [], patienceMs, intentSlackMs))
      } catch {
        return undefined
      }
    }),
  )
  const surveys = asked.filter((survey) => survey !== undefined)
  const clock = surveys.find(({ link }) => link === chain.tags.link)?.place.tagClock
  return { sequence, startedAt, surveys, moment: chain.tags.moment(clock) }
}

/** Whether the far tiers are asked what they have before rows are encoded for them: where the rows before were there. */
export class Looks {
  first = false

  saw(there: number, of: number): void {
    if (of > 0) this.first = there * 4 > of
  }
}

export async function warmPage(
  chain: Chain,
  query: Query,
  rows: readonly Row[],
  read: PageRead,
  { pace, looks }: { readonly pace: Pace; readonly looks: Looks },
): Promise<Warmed & { readonly again: readonly WarmItem[] }> {
  const { opening, beganAt, ms } = read
  const warmed: Warmed = { loaded: 0, skipped: 0, errors: [], aside: [] }
  // Where far tiers tell what was there already, a look here before would be paid for nothing by rows that weren't.
  const missing = looks.first || opening.surveys.length === 0 ? notLocal(chain, rows, warmed) : rows
  const wanted = looks.first ? await notFar(chain, query, missing, opening, warmed) : missing
  const keeping = new Keeping(chain, query, { beganAt, loadMs: ms, sequence: opening.sequence })
  query.counters.loads += wanted.length
  query.counters.loadMs += ms
  const kept = make(chain, query, wanted, keeping, warmed)
  const again: WarmItem[] = []
  const unsure: Kept[] = []
  let stored: readonly Kept[] = kept
  // What all far tiers store after this instant was not removed before it, whatever their buses missed.
  const heard = chain.buses.length === 0 && opening.surveys.length === chain.links.length
  const vouched = heard ? chain.fence.sequence : opening.sequence
  // Far → near: what a tier further away refuses must not be nearer.
  for (const survey of opening.surveys.toReversed()) {
    if (stored.length === 0) break
    const outcomes = await fillSurveyed(chain, query, stored, opening.moment, survey)
    const all = stored
    stored = all.filter((one, i) => {
      const outcome = outcomes[i]
      if (outcome === 'fenced') again.push(one)
      else if (outcome !== 'stored') unsure.push(one)
      return outcome === 'stored'
    })
  }
  for (const one of stored) keeping.put(one, vouched)
  warmed.loaded += stored.length
  if (again.length > 0) pace.refused()
  else if (opening.surveys.length > 0) pace.stored()
  looks.saw(rows.length - wanted.length + unsure.length, rows.length)
  // Somebody's entry, lease or intent; or the tier couldn't take it.
  if (unsure.length > 0) again.push(...(await notFar(chain, query, unsure, opening, warmed)))
  return { ...warmed, again }
}

/** What isn't fresh here. A stale entry is replaced. */
function notLocal(chain: Chain, rows: readonly Row[], warmed: Warmed): readonly Row[] {
  const now = chain.clock.now()
  return rows.filter(({ key, input }) => {
    if (chain.locals.look(key, now, undefined, input)?.state !== 'fresh') return true
    warmed.skipped++
    return false
  })
}

/** What the far tiers haven't fresh; the rest comes near. */
async function notFar<T extends Missing>(
  chain: Chain,
  query: Query,
  items: readonly T[],
  opening: Opening,
  warmed: Warmed,
): Promise<readonly T[]> {
  let missing = items
  for (const { link, bulk } of opening.surveys)
    missing = await notAt(chain, query, { link, bulk, surveys: [] }, missing, opening, warmed)
  for (const item of missing) item.places = placesOf(opening)
  return missing
}

const known = new WeakMap<Opening, readonly Place[]>()

/** Of one opening always the same list. */
export function placesOf(opening: Opening): readonly Place[] {
  let places = known.get(opening)
  if (places === undefined) {
    places = opening.surveys.map(({ place }) => place)
    known.set(opening, places)
  }
  return places
}

/** The rows that may be stored, with their tags and lives. */
function make(
  chain: Chain,
  query: Query,
  rows: readonly Row[],
  keeping: Keeping,
  warmed: Warmed,
): readonly Kept[] {
  const kept: Kept[] = []
  for (const row of rows) {
    const { key, value } = row
    try {
      if (value instanceof Error) throw value
      const one = keeping.made(row, value)
      if (one === undefined) warmed.loaded++
      else kept.push(one)
    } catch (error) {
      warmed.errors.push({ key, error })
    }
  }
  return kept
}
