import type { Candidate } from './candidate.ts'
import type { Chain } from './chain.ts'
import type { Flight } from './flight.ts'
import { BadFrame } from './frame.ts'
import type { Flaw, OpenFrame } from './frame.ts'
import { freshness, lifeOfFrame, servable, softened } from './freshness.ts'
import type { Life } from './freshness.ts'
import type { Query } from './query.ts'
import type { Job } from './job.ts'
import { secure } from './isolate.ts'
import { isPromise } from './maybe-promise.ts'
import { leaseMs } from './remote-link.ts'
import type { RemoteLink } from './remote-link.ts'
import { misfit } from './schema.ts'
import { tally } from './stats.ts'
import type { Fence, StoredFrame } from './tier.ts'

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
}

/** A tier without compare-and-set: nothing to present. */
const unfenced = ''

interface Answer {
  readonly frame?: StoredFrame
  readonly fence?: Fence
  readonly busy?: true
  readonly blocked?: true
  readonly tagClock?: string
}

async function askOne(link: RemoteLink, key: string, loading: boolean): Promise<Answer> {
  if (link.coherence === undefined) {
    const frame = await link.read(key)
    return frame ? { frame, fence: unfenced, tagClock: '' } : { fence: unfenced, tagClock: '' }
  }
  if (!loading) {
    const frame = await link.read(key)
    return frame ? { frame } : {}
  }
  const { read, tagClock } = await link.lease(key, true)
  switch (read.state) {
    case 'hit':
      return { frame: read.frame, tagClock }
    case 'leased':
      return { fence: read.fence, tagClock }
    case 'busy':
      return { busy: true, tagClock }
    case 'blocked':
      return { blocked: true, tagClock }
  }
}

/** Walks the remote tiers near → far until one has a fresh entry. A tier that can't be asked counts as a miss. */
export async function askRemotes(
  chain: Chain,
  job: Job,
  flight: Flight,
  known: Candidate | undefined,
): Promise<Asked> {
  const { query, key, options } = job
  const loading = query.load !== undefined
  const places: Place[] = []
  let stale = known
  let busy = false
  for (const link of chain.links) {
    if (options?.skip?.includes(link.name) || !link.usable(key)) continue
    if (link.hearsay && chain.clock.now() >= chain.live.until) continue
    const began = job.trace ? chain.clock.now() : 0
    const told = (outcome: string) => job.trace?.tier(link.name, outcome, chain.clock.now() - began)
    let answer: Answer
    try {
      answer = await askOne(link, key, loading)
    } catch {
      told('unavailable')
      continue
    }
    busy ||= answer.busy === true
    const { frame, tagClock } = answer
    if (frame === undefined) {
      told(answer.busy ? 'busy' : answer.blocked ? 'blocked' : 'miss')
      places.push({ link, fence: answer.fence, claim: undefined, tagClock, blocked: answer.blocked === true })
      continue
    }
    const place: Place = { link, fence: answer.fence, claim: frame.stamp, tagClock, blocked: false }
    places.push(place)
    const opened = await open(chain, job, link, frame)
    told(opened ? (opened.state === 'fresh' ? 'hit' : 'stale') : 'invalid')
    if (opened === undefined) continue
    if (opened.state === 'fresh' && !options?.forceFresh) {
      return {
        found: { place, life: opened.life, candidate: opened.candidate, stamp: frame.stamp },
        stale,
        places,
        busy,
      }
    }
    if (!stale || opened.life.freshUntil >= stale.life.freshUntil) stale = opened.candidate
  }
  // A bounded-stale answer now is better than waiting for whoever loads.
  if (busy && stale && servable(stale.life, chain.clock.now(), options?.maxStale)) flight.keep()
  return { found: undefined, stale, places, busy }
}

interface Opened {
  readonly life: Life
  readonly state: 'fresh' | 'stale'
  readonly candidate: Candidate
}

/** The entry in a frame, unless it is invalid, too old for any use, or can't be trusted. */
async function open(
  chain: Chain,
  job: Job,
  link: RemoteLink,
  frame: StoredFrame,
): Promise<Opened | undefined> {
  const { query, key, view } = job
  let taken: OpenFrame
  try {
    const unsealed = chain.frames.unseal(chain.frames.open(frame.bytes, key), query.sensitive)
    taken = isPromise(unsealed) ? await unsealed : unsealed
  } catch (error) {
    poisoned(chain, query, key, link, flawOf(error), error)
    return undefined
  }
  const { header } = taken
  const standing = await chain.tags.standing(header.tags)
  if (standing === 'invalid') return undefined
  const now = chain.clock.now()
  const soft = frame.soft || standing === 'soft'
  const held = lifeOfFrame(header, now, chain.clock.wall())
  const life = soft ? softened(held, now) : held
  const state = freshness({ ...life, soft }, now)
  if (state === 'expired') return undefined
  const candidate = (value: unknown, clone: boolean): Candidate => ({
    value,
    life,
    position: link.position,
    loadMs: header.loadMs,
    etag: header.etag,
    tags: header.tags,
    clone,
    trace: header.trace,
  })
  const kept = state === 'fresh' ? 'fresh' : 'stale'
  // The local copy is the very same entry: no need to decode it again.
  if (view && view.entry.stamp !== '' && view.entry.stamp === frame.stamp) {
    return { life, state: kept, candidate: candidate(view.entry.value, view.entry.isolation === 'clone') }
  }
  let value: unknown
  try {
    value = chain.frames.decode(taken, query.codec)
  } catch (error) {
    poisoned(chain, query, key, link, flawOf(error), error)
    return undefined
  }
  if (query.schema) {
    const why = await misfit(query.schema, value).catch((error: unknown) => String(error))
    if (why !== undefined) {
      poisoned(chain, query, key, link, 'schema', new Error(why))
      return undefined
    }
  }
  // A fresh value is secured when it is put into the nearer tiers; a stale one goes straight to its readers.
  const clone = kept === 'stale' && secure(value, query.policy.isolation).isolation === 'clone'
  return { life, state: kept, candidate: candidate(value, clone) }
}

function flawOf(error: unknown): Flaw {
  return error instanceof BadFrame ? error.why : 'decode'
}

function poisoned(
  chain: Chain,
  query: Query,
  key: string,
  { name: tier, position }: RemoteLink,
  why: Flaw | 'schema',
  error: unknown,
): void {
  tally(query.counters.poisoned, position)
  if (chain.events.on.poisoned)
    chain.events.emit('poisoned', { def: query.def, tier, why, error, key: () => key })
}

/** Leases the frames that a fill would replace. False when somebody else is at it. */
export async function takeClaims(key: string, places: readonly Place[]): Promise<boolean> {
  let all = true
  await Promise.all(
    places.map(async (place) => {
      if (place.claim === undefined || place.fence !== undefined) return
      try {
        place.fence = await place.link.claim(key, place.claim)
        if (place.fence === undefined) all = false
      } catch {
        // Out of reach: load, and store nothing there.
      }
    }),
  )
  return all
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
