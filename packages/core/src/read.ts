import { Passenger } from './asking.ts'
import type { Asking } from './asking.ts'
import type { Chain } from './chain.ts'
import type { LocalEntry } from './entry.ts'
import { Flight } from './flight.ts'
import type { Landing } from './flight.ts'
import type { Reason } from './events.ts'
import { dueAhead, servable, softened } from './freshness.ts'
import { copy } from './isolate.ts'
import type { Job } from './job.ts'
import type { LocalView } from './locals.ts'
import type { Query } from './query.ts'
import type { ReadOptions } from './read-options.ts'
import { noteRead, readScopes } from './read-scope.ts'
import type { RemoteLink } from './remote-link.ts'
import { resolve } from './resolve.ts'
import { tally } from './stats.ts'
import type { TracedRead, Tracer } from './tracing.ts'

/** How often a reader goes back because a tag was removed while it waited, before it loads alone. */
const patience = 3

/*
 * The read, in the order in which it happens:
 *   1. local   each local tier, synchronously                      near.ts, locals.ts
 *   2. flight  join the load running for the key                   here
 *   3. remote  batched with the other keys of the tick             resolve.ts
 *   4. stale   answer within swr, load behind                      resolve.ts
 *   5. load    lease, bulkhead, timeouts                           load.ts
 *   6. failure stale within staleIfError, else the error to all    resolve.ts
 *   7. store   local under the fence, remote with the lease        store.ts, store-remote.ts
 */

/** Resolves to the value, or to undefined when there is none and the query has no loader. */
export function read(
  chain: Chain,
  query: Query,
  key: string,
  input: unknown,
  options?: ReadOptions,
): Promise<unknown> {
  return (
    (options === undefined && farRead(chain, query, key, input)) ||
    patientRead(chain, query, key, input, options)
  )
}

/**
 * The usual read of what memory lacks and a remote tier has: nobody else asks for the key, and nothing special is asked.
 * Undefined when it isn't that, or is traced. The steps are those of every read, the promises are the fewest possible.
 */
function farRead(chain: Chain, query: Query, key: string, input: unknown): Promise<unknown> | undefined {
  const link = chain.links[0]
  if (link === undefined) return undefined
  const now = chain.clock.now()
  if (!isUsual(chain, query, link, now)) return undefined
  const started = new Embarking(chain, query, link, now).begin(key, input)
  if (!(started instanceof Passenger)) return started && Promise.resolve(started.value)
  const wave = query.load === undefined ? chain.waves.getting : chain.waves.loading
  return wave.board(link, started).then(() => {
    const { more } = started
    return more === undefined ? disembark(chain, started) : more.then(() => disembark(chain, started))
  })
}
/** Whether reads of the query, by and large, may go together to this tier now. */
export function isUsual(chain: Chain, query: Query, link: RemoteLink, now: number): boolean {
  if (query.policy.flight === false || chain.tracing.tracer !== undefined) return false
  return !link.hearsay || now < chain.live.until
}

/** Begins usual reads of one query, all at one moment. */
export class Embarking {
  readonly now: number
  readonly sequence: number
  readonly #chain: Chain
  readonly #query: Query
  readonly #link: RemoteLink

  constructor(chain: Chain, query: Query, link: RemoteLink, now: number) {
    this.now = now
    this.sequence = chain.fence.sequence
    this.#chain = chain
    this.#query = query
    this.#link = link
  }

  /**
   * A flight, and a passenger of the next wave. Or the value, where a local tier has it after all; or undefined, where
   * the read isn't a usual one.
   */
  begin(key: string, input: unknown): Passenger | { readonly value: unknown } | undefined {
    if (!this.mayAsk(key) || this.#chain.flights.has(this.#nameOf(key))) return undefined
    const view = this.view(key)
    if (view?.state === 'fresh') return { value: this.hit(key, input, view) }
    return this.#fly(key, input, view)
  }

  /** A passenger who has looked for the key already. Undefined, where somebody else has begun a flight meanwhile. */
  beginLate(key: string, input: unknown, view: LocalView | undefined): Passenger | undefined {
    return this.#chain.flights.has(this.#nameOf(key)) ? undefined : this.#fly(key, input, view)
  }

  /** May the tier be asked for the key? */
  mayAsk(key: string): boolean {
    return this.#link.usable(key)
  }

  view(key: string): LocalView | undefined {
    const { locals } = this.#chain
    return locals.tiers.length === 0 ? undefined : locals.look(key, this.now, undefined)
  }

  hit(key: string, input: unknown, view: LocalView): unknown {
    return localHit(this.#chain, this.#query, key, input, view, this.now)
  }

  #nameOf(key: string): string {
    return this.#query.load === undefined ? `?${key}` : key
  }

  #fly(key: string, input: unknown, view: LocalView | undefined): Passenger {
    const flight = new Flight(key, this.sequence, this.now)
    // Such a reader can't leave, so the load is wanted to its end.
    flight.keep()
    this.#chain.flights.set(this.#nameOf(key), flight)
    return new Passenger(this.#query, input, view, flight)
  }
}

/** What came of it. A promise where the flight takes the long way. */
export function disembark(chain: Chain, passenger: Passenger): unknown {
  const { query, key, flight, asking } = passenger
  const { answer } = flight
  if (asking !== undefined || answer === undefined) return follow(chain, passenger, asking)
  const name = query.load === undefined ? `?${key}` : key
  chain.flights.delete(name, flight)
  return deliver(chain, query, key, flight, answer)
}

/** The same flight on the long way, in its first reader's context. */
async function follow(chain: Chain, passenger: Passenger, asking: Asking | undefined): Promise<unknown> {
  const { query, key, input, view, flight } = passenger
  const reason = whyLoad(view, undefined)
  const given = { options: undefined, revalidate: false, shared: true, trace: undefined } as const
  fly(chain, { query, key, input, view, reason, ...given }, flight, asking)
  const landing = await chain.bulkhead.lend(flight.wait(flight.startedAt, undefined))
  return deliver(chain, query, key, flight, landing)
}

/** What the landing brings one of its readers. */
export function deliver(
  chain: Chain,
  query: Query,
  key: string,
  flight: Pick<Flight, 'sequence'>,
  landing: Landing,
): unknown {
  count(chain, query, key, landing)
  if (readScopes.open > 0) noteRead(chain, key, { ...landing, sequence: flight.sequence })
  return landing.clone ? copy(landing.value) : landing.value
}

/** The read in full: joins flights, goes back where something was removed meanwhile, heeds all options. */
export function patientRead(
  chain: Chain,
  query: Query,
  key: string,
  input: unknown,
  options?: ReadOptions,
  reason?: Reason,
  observe?: (state: Landing['state']) => void,
): Promise<unknown> {
  const { tracer } = chain.tracing
  if (tracer === undefined) return answer(chain, query, key, input, options, reason, observe)
  return traced(chain, tracer, query, key, (follow) =>
    answer(chain, query, key, input, options, reason, observe, follow),
  )
}

/** Tells the tracer of one read, from the moment when no local tier had an answer. */
async function traced(
  chain: Chain,
  tracer: Tracer,
  query: Query,
  key: string,
  run: (follow: (view: LocalView | undefined) => TracedRead | undefined) => Promise<unknown>,
): Promise<unknown> {
  let trace: TracedRead | undefined
  let asked = false
  const follow = (view: LocalView | undefined) => {
    if (asked) return trace
    asked = true
    trace = tracer.read({ def: query.def, key: () => key })
    const [nearest] = chain.locals.tiers
    if (nearest)
      trace?.tier(view ? (chain.names[view.position] as string) : nearest.name, view?.state ?? 'miss', 0)
    return trace
  }
  try {
    return await run(follow)
  } catch (error) {
    trace?.fail(error)
    throw error
  }
}

async function answer(
  chain: Chain,
  query: Query,
  key: string,
  input: unknown,
  options: ReadOptions | undefined,
  reason: Reason | undefined,
  observe: ((state: Landing['state']) => void) | undefined,
  follow?: (view: LocalView | undefined) => TracedRead | undefined,
): Promise<unknown> {
  const { fence, locals } = chain
  options?.signal?.throwIfAborted()
  for (let attempt = 0; ; attempt++) {
    const joinedAt = fence.sequence
    const now = chain.clock.now()
    const view = options?.forceFresh ? undefined : locals.look(key, now, options?.skip)
    if (view?.state === 'fresh') {
      observe?.('fresh')
      return localHit(chain, query, key, input, view, now)
    }
    const trace = follow?.(view)
    // A load that began before the key's removal isn't for those who came after it.
    const shared = attempt < patience && !options?.forceFresh && query.policy.flight !== false
    const joined = shared ? joinable(chain, flightKey(query, key, options), key, now) : undefined
    let flight = joined
    if (flight === undefined) {
      flight = takeOff(chain, {
        query,
        key,
        input,
        view,
        options,
        reason: reason ?? whyLoad(view, options),
        revalidate: false,
        shared,
        trace,
      })
    } else {
      query.counters.joined++
      if (flight.trace) trace?.joined(flight.trace)
    }
    const landing = await chain.bulkhead.lend(flight.wait(now, options?.signal))
    // One of the value's tags was removed since the flight began. Only its last removal is known, so all who joined
    // after anything was removed go back; who was there from the start keeps the answer.
    if (joinedAt > flight.sequence && fence.tagsRemovedAt(landing.slots) > flight.sequence) continue
    // It came down with something older than we may get; who waits for it again gets what it brings in the end.
    if (joined !== undefined && now > landing.until) continue
    trace?.end(landing.state, chain.names[landing.position])
    observe?.(landing.state)
    return deliver(chain, query, key, flight, landing)
  }
}

function whyLoad(view: LocalView | undefined, options: ReadOptions | undefined): Reason {
  if (options?.forceFresh) return 'forced'
  if (view === undefined) return 'miss'
  return view.entry.soft ? 'invalidated' : 'expired'
}

/**
 * Which reads may share a flight. `get` and a loading read are different things: the first answers nothing where the
 * second loads. So are reads that accept different answers. Keys of entries begin with neither `?` nor `!`.
 */
function flightKey(query: Query, key: string, options: ReadOptions | undefined): string {
  const name = query.load === undefined ? `?${key}` : key
  if (options?.maxStale === undefined && !options?.skip?.length) return name
  return `!${options.maxStale ?? ''}!${options.skip?.join() ?? ''}!${name}`
}

function joinable(chain: Chain, name: string, key: string, now: number): Flight | undefined {
  const flight = chain.flights.get(name)
  if (flight === undefined || flight.abandoned) return undefined
  const { fence } = chain
  if (fence.keyRemoved(key, flight.sequence) || fence.suspectSince(flight.sequence)) return undefined
  // Nobody vouches for what was removed elsewhere since the flight began: then it may only be a young one.
  if (now >= chain.live.until && now - flight.startedAt >= chain.suspectTtl) return undefined
  return flight
}

/** Begins a flight. It never rejects by itself: those who wait get its error. */
function takeOff(chain: Chain, job: Job): Flight {
  const flight = new Flight(job.key, chain.fence.sequence, chain.clock.now(), job.trace)
  if (job.shared) chain.flights.replace(flightKey(job.query, job.key, job.options), flight)
  fly(chain, job, flight)
  return flight
}

function fly(chain: Chain, job: Job, flight: Flight, asking?: Asking): void {
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

function localHit(
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
  if (chain.events.on.hit) emitHit(chain, query, key, position, 'fresh')
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

function nothingHere(chain: Chain, key: string): undefined {
  const { sequence } = chain.fence
  if (readScopes.open > 0)
    noteRead(chain, key, { position: -1, tags: [], slots: [], life: undefined, sequence })
}

export function noteEntry(chain: Chain, key: string, entry: LocalEntry, position: number): void {
  const life = entry.soft ? softened(entry, chain.clock.now()) : entry
  noteRead(chain, key, {
    position,
    tags: entry.tags,
    slots: entry.slots,
    life,
    sequence: chain.fence.sequence,
  })
}

function count(chain: Chain, query: Pick<Query, 'def' | 'counters'>, key: string, landing: Landing): void {
  const { counters } = query
  if (landing.state === 'fresh') {
    counters.hits[landing.position] = (counters.hits[landing.position] as number) + 1
    counters.saved[0] = (counters.saved[0] as number) + landing.loadMs
  } else if (landing.state === 'stale') {
    tally(counters.stale, landing.position)
    counters.saved[0] = (counters.saved[0] as number) + landing.loadMs
  } else {
    counters.misses[landing.reason]++
    if (chain.events.on.miss) chain.events.emit('miss', { def: query.def, key: () => key })
    return
  }
  if (chain.events.on.hit) emitHit(chain, query, key, landing.position, landing.state)
}

export function emitHit(
  chain: Chain,
  query: Pick<Query, 'def'>,
  key: string,
  position: number,
  state: 'fresh' | 'stale',
): void {
  chain.events.emit('hit', { def: query.def, tier: chain.names[position] as string, state, key: () => key })
}

/** The local value for a synchronous reader who had no quick hit: fresh, or stale within `swr` and `maxStale`; undefined when there is none. */
export function peek(
  chain: Chain,
  query: Pick<Query, 'def' | 'counters'>,
  key: string,
  maxStale?: number,
): unknown {
  const now = chain.clock.now()
  const view = chain.locals.look(key, now, undefined)
  if (view === undefined || view.state === 'suspect') return nothingHere(chain, key)
  const { entry, position, state } = view
  // `error-only` may serve only when a load fails, and none runs here.
  if (state === 'error-only' || state === 'expired') return nothingHere(chain, key)
  if (maxStale !== undefined && state !== 'fresh') {
    const life = entry.soft ? softened(entry, now) : entry
    if (!servable(life, now, maxStale)) return nothingHere(chain, key)
  }
  count(chain, query, key, {
    value: entry.value,
    clone: false,
    slots: [],
    tags: [],
    life: undefined,
    position,
    state: state === 'fresh' ? 'fresh' : 'stale',
    loadMs: entry.loadMs,
    until: 0,
    reason: 'absent',
  })
  if (readScopes.open > 0) noteEntry(chain, key, entry, position)
  return entry.isolation === 'clone' ? copy(entry.value) : entry.value
}
