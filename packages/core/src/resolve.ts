import type { Candidate } from './candidate.ts'
import type { Chain } from './chain.ts'
import { CacheError } from './errors.ts'
import type { Flight } from './flight.ts'
import { dueAhead, servable } from './freshness.ts'
import type { Job } from './job.ts'
import { fromLocal, nothing, staleLanding } from './landings.ts'
import { load } from './load.ts'
import type { Loaded } from './load.ts'
import { askRemotes, giveBack, keepLeases, lacksClaim, takeClaims } from './remote-read.ts'
import type { Asking } from './asking.ts'
import type { Found, Place } from './remote-read.ts'
import type { Query } from './query.ts'
import { backfill } from './backfill.ts'
import { store } from './store.ts'
import { within } from './tracing.ts'

/** The wall clock counts whole ms: an entry's instants come back from a frame this much off. */
const clockSlack = 2

const noPlaces: readonly Place[] = []

/**
 * One flight from its local miss to its end: steps 3 to 7 of a read. Lands the flight as soon as there is an answer;
 * calls `leave` when nobody may join any more; resolves when everything behind it is done.
 */
export async function resolve(
  chain: Chain,
  job: Job,
  flight: Flight,
  leave: () => void,
  asking?: Asking,
): Promise<void> {
  const { query, key, options } = job
  const { policy } = query
  let stale =
    job.view && job.view.state !== 'suspect'
      ? fromLocal(chain, job.view.entry, job.view.position, flight.startedAt)
      : undefined
  const deadline = flight.startedAt + policy.timeouts.lock
  let places = noPlaces

  let early = asking
  let heedsClaims = policy.flight === 'lease'
  for (let wait = true; ;) {
    const watch = early?.watch ?? chain.fills.moment()
    // Without remote tiers nothing is waited for: each promise less is garbage less.
    const asked =
      chain.links.length === 0
        ? { found: undefined, stale, places: noPlaces, busy: false, claimed: false }
        : await askRemotes(chain, job, flight, stale, early?.first)
    early = undefined
    places = asked.places
    stale = asked.stale
    const now = chain.clock.now()
    if (asked.found) {
      const { trace } = asked.found.candidate
      if (trace !== undefined) job.trace?.madeBy(trace)
      const due =
        (job.reason === 'ahead' && !job.revalidate) ||
        (query.load && dueAheadOf(chain, query, asked.found, now))
      const newer = !job.view || asked.found.life.freshUntil > job.view.entry.freshUntil + clockSlack
      if (!due || (job.reason === 'ahead' && newer)) {
        flight.end(backfill(chain, job, flight, asked.found, places))
        return
      }
      flight.land(backfill(chain, job, flight, asked.found, places))
      flight.keep()
      stale = asked.found.candidate
      places = [asked.found.place]
    }
    if (query.load === undefined) {
      flight.end(stale && servable(stale.life, now, options?.maxStale) ? staleLanding(stale, now) : nothing)
      return
    }
    if (stale && !flight.landed && job.reason !== 'ahead' && !options?.forceFresh) {
      if (servable(stale.life, now, options?.maxStale)) {
        flight.land(staleLanding(stale, stale.life.staleUntil))
        flight.keep()
      }
    }
    const failure = options?.forceFresh ? undefined : chain.failures.recent(key)
    if (failure) {
      giveBack(key, places)
      if (stale && now < stale.life.errorUntil) flight.end(staleLanding(stale, now))
      else flight.crash(failure.error)
      return
    }
    // Seen to be claimed, it isn't asked for, but only once: whoever has the claim may be gone.
    const claimed = asked.claimed && heedsClaims && !flight.landed && job.reason !== 'ahead'
    heedsClaims = false
    const busy = asked.busy || claimed || (places.some(lacksClaim) && !(await takeClaims(key, places)))
    if (!busy || !wait) break
    giveBack(key, places)
    if (flight.landed || job.reason === 'ahead') {
      // Readers have their answer, and somebody else is loading.
      flight.end(stale ? staleLanding(stale, now) : nothing)
      return
    }
    // Woken by the bus when the other is done; without one, by looking again.
    const left = deadline - chain.clock.now()
    if (left <= 0 || policy.flight !== 'lease') wait = false
    else {
      query.counters.waits++
      await chain.fills.wait(key, watch, Math.min(left, now < chain.live.until ? 250 : 20))
      query.counters.waitMs += chain.clock.now() - now
      job.trace?.waited(chain.clock.now() - now)
    }
    flight.throwIfAbandoned()
  }

  await loadAndStore(chain, job, flight, leave, places, stale)
}

/** Is it time to load anew what a remote tier has? */
export function dueAheadOf(
  chain: Chain,
  query: Query,
  found: Pick<Found, 'life' | 'candidate'>,
  now: number,
): boolean {
  // Local entries trigger their own refresh; this is for chains whose nearest tier is remote.
  if (chain.locals.tiers.length > 0) return false
  return dueAhead(query.policy, found.life, found.candidate.loadMs, now, chain.random)
}

async function loadAndStore(
  chain: Chain,
  job: Job,
  flight: Flight,
  leave: () => void,
  places: readonly Place[],
  stale: Candidate | undefined,
): Promise<void> {
  const { query, key, options } = job
  const { policy } = query
  const moment = chain.tags.moment(places.find((p) => p.link === chain.tags.link)?.tagClock)
  const beganAt = chain.clock.now()
  // Tags that were invalidated while we asked or waited don't concern what is loaded from here on.
  const sequence = chain.fence.keyChanged(key, flight.sequence) ? flight.sequence : chain.fence.sequence
  flight.loading = stale === undefined && !flight.landed
  const reason = flight.landed && job.reason !== 'ahead' ? 'swr' : job.reason
  const stopRenewing = keepLeases(chain, key, places)
  const stopSoft =
    stale && !flight.landed && policy.timeouts.soft < policy.timeouts.hard && !options?.forceFresh
      ? chain.clock.after(policy.timeouts.soft, () => {
          const now = chain.clock.now()
          const allowed = now < stale.life.errorUntil || servable(stale.life, now, options?.maxStale)
          if (allowed && !chain.fence.keyRemoved(key, flight.sequence)) {
            flight.land(staleLanding(stale, stale.life.errorUntil))
            flight.keep()
          }
        })
      : undefined
  const trace = chain.tracing.tracer?.load({ def: query.def, reason, key: () => key }, job.trace)
  let loaded: Loaded
  try {
    const run = () => load(chain, job, flight, reason, stale)
    loaded = await (trace === undefined ? run() : within(trace, run))
  } catch (error) {
    leave()
    fail(chain, job, flight, stale, error, chain.clock.now() - beganAt)
    giveBack(key, places)
    return
  } finally {
    stopRenewing()
    stopSoft?.()
  }
  try {
    const trail = trace?.carrier
    await store(chain, {
      job,
      flight,
      loaded,
      reason,
      moment,
      beganAt,
      sequence,
      places,
      leave,
      trace: trail,
    })
  } catch (error) {
    // Tags that the definition computes may be refused: others mustn't wait for what is left of our lease.
    giveBack(key, places)
    throw error
  }
}

function fail(
  chain: Chain,
  job: Job,
  flight: Flight,
  stale: Candidate | undefined,
  error: unknown,
  ms: number,
): void {
  const { query, key } = job
  query.counters.loadErrors++
  const abandoned = flight.signal.aborted
  if (!abandoned && !(error instanceof CacheError && error.code === 'OVERLOADED')) {
    chain.failures.note(key, error, query.policy.errorTtl)
  }
  const now = chain.clock.now()
  // Never after a removal: whoever removed the key knows that the old value is wrong. Nor for a forced read, whose
  // caller asked for the state of the source.
  const usable =
    stale !== undefined &&
    now < stale.life.errorUntil &&
    !job.options?.forceFresh &&
    !chain.fence.keyRemoved(key, flight.sequence)
  if (chain.events.on['load:error']) {
    const served = usable || flight.landed ? 'stale' : 'error'
    chain.events.emit('load:error', { def: query.def, error, served, ms, key: () => key })
  }
  if (usable) flight.end(staleLanding(stale, now))
  else flight.crash(error)
}
