import { nameOf } from './asking.ts'
import type { Asking } from './asking.ts'
import type { Chain } from './chain.ts'
import { emitHit, noteEntry } from './deliver.ts'
import type { Reason } from './events.ts'
import { Flight } from './flight.ts'
import { dueAhead } from './freshness.ts'
import { copy } from './isolate.ts'
import type { Job } from './job.ts'
import type { LocalView } from './locals.ts'
import type { Query } from './query.ts'
import type { ReadOptions } from './read-options.ts'
import { readScopes } from './read-scope.ts'
import { resolve } from './resolve.ts'

export function whyLoad(view: LocalView | undefined, options: ReadOptions | undefined): Reason {
  if (options?.forceFresh) return 'forced'
  if (view === undefined) return 'miss'
  return view.entry.soft ? 'invalidated' : 'expired'
}

/**
 * Which reads may share a flight. `get` and a loading read are different things: the first answers nothing where the
 * second loads. So are reads that accept different answers. Keys of entries begin with neither `?` nor `!`.
 */
export function flightKey(query: Query, key: string, options: ReadOptions | undefined): string {
  const name = nameOf(query, key)
  if (options?.maxStale === undefined && !options?.skip?.length) return name
  return `!${options.maxStale ?? ''}!${options.skip?.join() ?? ''}!${name}`
}

export function joinable(chain: Chain, name: string, key: string, now: number): Flight | undefined {
  const flight = chain.flights.get(name)
  if (flight === undefined || flight.abandoned) return undefined
  const { fence } = chain
  const { sequence } = flight
  if (flight.loading ? fence.keyChanged(key, sequence) : fence.keyRemoved(key, sequence)) return undefined
  if (fence.suspectSince(sequence)) return undefined
  // Nobody vouches for what was removed elsewhere since the flight began: then it may only be a young one.
  if (now >= chain.live.until && now - flight.startedAt >= chain.suspectTtl) return undefined
  return flight
}

/** Begins a flight. It never rejects by itself: those who wait get its error. */
export function takeOff(chain: Chain, job: Job): Flight {
  const flight = new Flight(job.key, chain.fence.sequence, chain.clock.now(), job.trace)
  if (job.shared) chain.flights.replace(flightKey(job.query, job.key, job.options), flight)
  fly(chain, job, flight)
  return flight
}

export function fly(chain: Chain, job: Job, flight: Flight, asking?: Asking): void {
  const name = flightKey(job.query, job.key, job.options)
  const leave = () => {
    chain.flights.delete(name, flight)
  }
  const run = () => resolve(chain, job, flight, leave, asking)
  chain.background.run(
    (job.trace ? job.trace.within(run) : run()).then(leave, (error: unknown) => {
      flight.crash(error)
      leave()
    }),
  )
}

/** The value of a fresh local entry, for one reader. */
export function localHit(
  chain: Chain,
  query: Query,
  key: string,
  input: unknown,
  view: LocalView,
  now: number,
): unknown {
  const { entry, position } = view
  const { counters, policy } = query
  counters.hits[position] = (counters.hits[position] as number) + 1
  counters.saved[0] = (counters.saved[0] as number) + entry.loadMs
  if (chain.events.on.hit) emitHit(chain, query, () => key, position, 'fresh')
  if (readScopes.open > 0) noteEntry(chain, key, entry, position)
  // Entries in farther local tiers are copied as they are: they can't outlive themselves there.
  if (position > 0) chain.locals.put(key, position, () => entry)
  // The bus is silent and the entry nears the age at which it stops counting: hot keys needn't wait for that.
  const silent = now >= chain.live.until || entry.provisional
  const fading = silent && now - entry.vouchedAt >= chain.suspectTtl / 2
  const ahead = dueAhead(policy, entry, entry.loadMs, now, chain.random)
  if (query.load !== undefined && (ahead || fading) && !chain.flights.has(key)) {
    const job = { query, key, input, view, options: undefined, reason: 'ahead', shared: true } as const
    // No reader waits for it.
    takeOff(chain, { ...job, revalidate: !ahead, trace: undefined }).keep()
  }
  return entry.isolation === 'clone' ? copy(entry.value) : entry.value
}
