import { answerOf, unleasedAnswer } from './asking.ts'
import type { Answer, FirstAnswer } from './asking.ts'
import type { Candidate } from './candidate.ts'
import type { Chain } from './chain.ts'
import type { Fence } from './coherence.ts'
import type { Flight } from './flight.ts'
import { servable } from './freshness.ts'
import type { Life } from './freshness.ts'
import type { Job } from './job.ts'
import { leaseMs } from './remote-link.ts'
import type { RemoteLink } from './remote-link.ts'
import { openFrame } from './open-frame.ts'
import type { StoredFrame } from './stored-frame.ts'

/** What a read may do at one remote tier afterwards. */
export interface Place {
  readonly link: RemoteLink
  /** The lease to fill with; undefined when the tier mustn't be filled. */
  fence: Fence | undefined
  /** Stamp of a frame that a fill would replace, still to be claimed. */
  readonly claim: string | undefined
  readonly tagClock: string | undefined
  /** A `write()` is under way: the load may bring the old row, and nobody would take it back if the writer died. */
  readonly blocked: boolean
}

export interface Found {
  readonly place: Place
  readonly life: Life
  readonly candidate: Candidate
  readonly stamp: string
}

export interface Asked {
  readonly found: Found | undefined
  readonly stale: Candidate | undefined
  readonly places: readonly Place[]
  /** Somebody else is loading the key. */
  readonly busy: boolean
  /** Somebody else is likely to be loading it: what a fill would replace is claimed. */
  readonly claimed: boolean
}

async function askOne(link: RemoteLink, key: string, loading: boolean): Promise<Answer> {
  if (link.coherence === undefined || !loading) return unleasedAnswer(link, await link.read(key))
  const { read, tagClock } = await link.lease(key, true)
  return answerOf(read, tagClock)
}

/** Walks the remote tiers near → far until one has a fresh entry. A tier that can't be asked counts as a miss. */
export async function askRemotes(
  chain: Chain,
  job: Job,
  flight: Flight,
  known: Candidate | undefined,
  first?: FirstAnswer,
): Promise<Asked> {
  const { query, key, options } = job
  const loading = query.load !== undefined
  const places: Place[] = []
  let stale = known
  let busy = false
  let claimed = false
  for (const link of chain.links) {
    if (options?.skip?.includes(link.name) || !link.usable(key)) continue
    if (link.hearsay && chain.clock.now() >= chain.live.until) continue
    const own = link === first?.link ? first : undefined
    const began = job.trace ? chain.clock.now() : 0
    const told = (outcome: string) => job.trace?.tier(link.name, outcome, chain.clock.now() - began)
    let answer: Answer | undefined
    try {
      answer = own ? own.answer : await askOne(link, key, loading)
    } catch {
      told('unavailable')
      continue
    }
    if (answer === undefined) continue
    busy ||= answer.busy === true
    const { frame, tagClock } = answer
    if (frame === undefined) {
      told(answer.busy ? 'busy' : answer.blocked ? 'blocked' : 'miss')
      places.push({ link, fence: answer.fence, claim: undefined, tagClock, blocked: answer.blocked === true })
      continue
    }
    const place: Place = { link, fence: answer.fence, claim: frame.stamp, tagClock, blocked: false }
    if (loading && seemsClaimed(frame, chain.clock.wall())) claimed = true
    places.push(place)
    const opened = await (own ? own.opened : openFrame(chain, job, link, frame))
    told(opened ? (opened.state === 'fresh' ? 'hit' : 'stale') : 'invalid')
    if (opened === undefined) continue
    if (opened.state === 'fresh' && !options?.forceFresh) {
      return {
        found: { place, life: opened.life, candidate: opened.candidate, stamp: frame.stamp },
        stale,
        places,
        busy,
        claimed,
      }
    }
    if (!stale || opened.life.freshUntil >= stale.life.freshUntil) stale = opened.candidate
  }
  // A bounded-stale answer now is better than waiting for whoever loads.
  if (busy && stale && servable(stale.life, chain.clock.now(), options?.maxStale)) flight.keep()
  return { found: undefined, stale, places, busy, claimed }
}

/** Unless a clock is wrong, by which nobody is to wait for what nobody does. */
function seemsClaimed({ claimedUntil = 0 }: StoredFrame, wall: number): boolean {
  return claimedUntil > wall && claimedUntil <= wall + 2 * leaseMs
}

/** Whether a fill would replace a frame that nobody has leased yet. */
export function lacksClaim({ claim, fence }: Place): boolean {
  return claim !== undefined && fence === undefined
}

/** Leases the frames that a fill would replace. False when somebody else is at it. */
export async function takeClaims(key: string, places: readonly Place[]): Promise<boolean> {
  const taken = places.filter(lacksClaim).map((place) => takeClaim(key, place))
  const [only] = taken
  if (taken.length === 1 && only !== undefined) return await only
  return (await Promise.all(taken)).every(Boolean)
}

async function takeClaim(key: string, place: Place): Promise<boolean> {
  try {
    place.fence = await place.link.claim(key, place.claim as string)
    return place.fence !== undefined
  } catch {
    // Out of reach: load, and store nothing there.
    return true
  }
}

/** Gives unused leases back, so that others needn't wait for them. */
export function giveBack(key: string, places: readonly Place[]): void {
  for (const place of places) {
    if (place.fence !== undefined && place.link.coherence !== undefined)
      void place.link.release(key, place.fence)
    place.fence = undefined
  }
}

/** Renews the leases at a third of their life until stopped. */
export function keepLeases(chain: Chain, key: string, places: readonly Place[]): () => void {
  const held = places.filter((place) => place.fence !== undefined && place.link.coherence !== undefined)
  if (held.length === 0) return () => {}
  let cancel = () => {}
  const again = () => {
    cancel = chain.clock.after(leaseMs / 3, () => {
      for (const place of held) if (place.fence !== undefined) void place.link.renew(key, place.fence)
      again()
    })
  }
  again()
  return () => cancel()
}
