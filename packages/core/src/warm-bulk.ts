import type { Bulk, BulkOutcome } from './bulk.ts'
import type { Chain } from './chain.ts'
import type { Fence } from './coherence.ts'
import type { SealKey } from './encryption.ts'
import type { TagStamp } from './entry.ts'
import { FrameRun } from './frame-run.ts'
import { isPromise } from './maybe-promise.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Query } from './query.ts'
import type { RemoteLink } from './remote-link.ts'
import type { Place } from './remote-read.ts'
import { tallySize } from './stats.ts'
import { refused, reportFenced } from './refused.ts'
import type { Stored } from './store-frames.ts'
import type { FrameWrite } from './stored-frame.ts'
import type { TagMoment } from './tag-stamps.ts'
import { marksOf } from './tag-marks.ts'
import { byPlaces, patienceMs } from './warm-item.ts'

/** What one tier was asked about a whole batch: one fence for all that it hasn't. */
export interface Survey {
  readonly link: RemoteLink
  readonly bulk: Bulk
  readonly fence: Fence
  /** Shared by the keys that the tier hasn't. */
  readonly place: Place
}

export function surveyOf(
  link: RemoteLink,
  bulk: Bulk,
  { fence, tagClock }: { readonly fence: Fence; readonly tagClock: string },
): Survey {
  return { link, bulk, fence, place: { link, fence: undefined, claim: undefined, tagClock, blocked: false } }
}

/** Fewest and most batches that keep to leases after one fence was void. */
const shortestRest = 4
const longestRest = 64

/**
 * Whether batches go under one fence each. Where removals are so frequent that a batch doesn't outlast the pause
 * between two, it would be loaded twice: the next ones go with leases, the more of them the more often that happens.
 */
export class Pace {
  #left = 0
  #rest = shortestRest

  get resting(): boolean {
    return this.#left > 0
  }

  get unleased(): boolean {
    if (this.#left === 0) return true
    this.#left--
    return false
  }

  stored(): void {
    this.#rest = shortestRest
  }

  refused(): void {
    this.#left = this.#rest
    this.#rest = Math.min(longestRest, this.#rest * 2)
  }
}

/** Makes the frame of one value of a batch that began at one instant; undefined when it mustn't be stored. */
function framing(
  chain: Chain,
  query: Query,
  link: RemoteLink,
  first: Stored | undefined,
): (stored: Stored, stamps: readonly TagStamp[] | undefined) => MaybePromise<FrameWrite | undefined> {
  const { frames, fence } = chain
  const { swr: staleFor, staleIfError: errorFor } = query.policy
  const createdAt = chain.clock.wall() - (chain.clock.now() - (first?.beganAt ?? 0))
  const { version } = query
  const common = { createdAt, staleFor, errorFor, loadMs: first?.loadMs ?? 0, version, etag: undefined }
  const run = new FrameRun(frames, common)
  const isLast = link === chain.links.at(-1)
  const { position } = link
  const made = (
    { key, value, ttls }: Stored,
    tags: readonly TagStamp[],
    sealKey: SealKey | undefined,
  ): FrameWrite | undefined => {
    try {
      const freshFor = ttls[position] as number
      const bytes = run.frameOf(value, { key, freshFor, tags }, { codec: query.codec, sealKey })
      if (isLast) tallySize(query.counters, bytes.length)
      return { key, bytes, expiresAt: createdAt + freshFor + Math.max(staleFor, errorFor) }
    } catch (error) {
      refused(chain, query, key, position, 'unencodable', error)
      return undefined
    }
  }
  return (stored, stamps) => {
    const { key, sequence, ttls } = stored
    if ((ttls[position] as number) <= 0) return undefined
    // The second look is for what this process did itself.
    if (stamps === undefined || fence.tagsRemovedAt(marksOf(stored.tags).slots) > sequence) {
      reportFenced(chain, query, key, position)
      return undefined
    }
    const unsealed = (cause: unknown): undefined => {
      refused(chain, query, key, position, 'unsealed', cause)
    }
    try {
      const sealKey = frames.sealKey(key, query.sensitive)
      if (!isPromise(sealKey)) return made(stored, stamps, sealKey)
      return sealKey.then((given) => made(stored, stamps, given), unsealed)
    } catch (cause) {
      return unsealed(cause)
    }
  }
}

/** The stamps of each value; most batches share one list of tags. */
async function stampsOf(
  chain: Chain,
  values: readonly Stored[],
  moment: TagMoment,
): Promise<(at: number) => readonly TagStamp[] | undefined> {
  const shared = values[0]?.tags
  if (shared !== undefined && values.every(({ tags }) => tags === shared)) {
    const stamps = await chain.tags.stamps(shared, moment)
    return () => stamps
  }
  const all = await chain.tags.stampsMany(
    values.map(({ tags }) => tags),
    moment,
  )
  return (at) => all[at]
}

/**
 * Stores a batch in a tier under its one fence. Resolves to what became of each value; undefined where the tier wasn't
 * asked, or didn't answer. Never rejects.
 */
export async function fillSurveyed(
  chain: Chain,
  query: Query,
  values: readonly Stored[],
  moment: TagMoment,
  survey: Survey,
): Promise<readonly (BulkOutcome | undefined)[]> {
  const { link, bulk, fence, place } = survey
  const stampsAt = await stampsOf(chain, values, moment)
  const frameOf = framing(chain, query, link, values[0])
  const isPlace = byPlaces((places) => places.includes(place))
  const items: FrameWrite[] = []
  const at: number[] = []
  for (let i = 0; i < values.length; i++) {
    const stored = values[i] as Stored
    if (!isPlace(stored.places) || !link.usable(stored.key)) continue
    const framed = frameOf(stored, stampsAt(i))
    const item = isPromise(framed) ? await framed : framed
    if (item === undefined) continue
    items.push(item)
    at.push(i)
  }
  const outcomes = Array.from<BulkOutcome | undefined>({ length: values.length })
  if (items.length === 0) return outcomes
  try {
    const filled = await link.fillAbsent(bulk, items, fence, patienceMs)
    for (let i = 0; i < filled.length; i++) {
      const outcome = filled[i]
      outcomes[at[i] as number] = outcome
      if (outcome === 'stored') continue
      const { key } = items[i] as FrameWrite
      if (outcome === 'too-large') refused(chain, query, key, link.position, 'too-large', undefined)
      else if (outcome === 'fenced') reportFenced(chain, query, key, link.position)
    }
  } catch {
    // The link has counted and reported it.
  }
  return outcomes
}

/**
 * Stores a batch in a tier under its one fence. Resolves to the keys that have to be loaded again, as something was
 * removed since they were; their local copies are taken back. Never rejects.
 */
export async function storeSurveyed(
  chain: Chain,
  query: Query,
  values: readonly Stored[],
  moment: TagMoment,
  survey: Survey,
): Promise<ReadonlySet<string>> {
  const again = new Set<string>()
  const outcomes = await fillSurveyed(chain, query, values, moment, survey)
  for (let i = 0; i < outcomes.length; i++) {
    if (outcomes[i] !== 'fenced') continue
    const { key, beganAt } = values[i] as Stored
    chain.locals.withdraw(key, beganAt)
    again.add(key)
  }
  return again
}
