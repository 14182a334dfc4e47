import { Passenger } from './asking.ts'
import type { Chain } from './chain.ts'
import { deliver } from './deliver.ts'
import { disembark, Embarking, isUsual } from './embarking.ts'
import type { Reason } from './events.ts'
import type { Landing } from './flight.ts'
import type { LocalView } from './locals.ts'
import type { Query } from './query.ts'
import type { ReadOptions } from './read-options.ts'
import { flightKey, joinable, localHit, takeOff, whyLoad } from './take-off.ts'
import type { TracedRead, Tracer } from './tracing.ts'

/** How often a reader goes back because a tag was removed while it waited, before it loads alone. */
const patience = 3

/*
 * The read, in the order in which it happens:
 *   1. local   each local tier, synchronously                      near.ts, locals.ts
 *   2. flight  join the load running for the key                   take-off.ts
 *   3. remote  batched with the other keys of the turn             far-wave.ts, resolve.ts
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
  absent = false,
): Promise<unknown> {
  return (
    (options === undefined && farRead(chain, query, key, input, absent)) ||
    patientRead(chain, query, { key, input, options })
  )
}

/**
 * The usual read of what memory lacks and a remote tier has: nobody else asks for the key, and nothing special is asked.
 * Undefined when it isn't that, or is traced. The steps are those of every read, the promises are the fewest possible.
 */
function farRead(
  chain: Chain,
  query: Query,
  key: string,
  input: unknown,
  absent: boolean,
): Promise<unknown> | undefined {
  const link = chain.links[0]
  if (link === undefined) return undefined
  const wave = query.load === undefined ? chain.waves.getting : chain.waves.loading
  // To count as begun with the first of the turn is never to a reader's disadvantage but where an instant decides.
  const timed = link.hearsay || !(absent || chain.locals.tiers.length === 0)
  const now = (timed ? undefined : wave.boardingSince) ?? chain.clock.now()
  if (!isUsual(chain, query, link, now)) return undefined
  const started = new Embarking(chain, query, link, now).begin(key, input, absent)
  if (!(started instanceof Passenger)) return started && Promise.resolve(started.value)
  return wave.board(link, started).then(() => {
    const { more } = started
    return more === undefined ? disembark(chain, started) : more.then(() => disembark(chain, started))
  })
}

/** One read, as it was asked for. */
interface AskedRead {
  readonly key: string
  readonly input: unknown
  readonly options: ReadOptions | undefined
  /** Why it loads, where whoever asks knows better than what local tiers have tells. */
  readonly reason?: Reason
  /** Is told what it came to. */
  readonly observe?: (state: Landing['state']) => void
}

/** Tells the tracer of a read, and gives what is to be told to. */
type Follow = (view: LocalView | undefined) => TracedRead | undefined

/** The read in full: joins flights, goes back where something was removed meanwhile, heeds all options. */
export function patientRead(chain: Chain, query: Query, asked: AskedRead): Promise<unknown> {
  const { tracer } = chain.tracing
  if (tracer === undefined) return answer(chain, query, asked)
  return traced(chain, tracer, query, asked)
}

/** Tells the tracer of one read, from the moment when no local tier had an answer. */
async function traced(chain: Chain, tracer: Tracer, query: Query, asked: AskedRead): Promise<unknown> {
  let trace: TracedRead | undefined
  let begun = false
  const follow: Follow = (view) => {
    if (begun) return trace
    begun = true
    trace = tracer.read({ def: query.def, key: () => asked.key })
    const [nearest] = chain.locals.tiers
    if (nearest)
      trace?.tier(view ? (chain.names[view.position] as string) : nearest.name, view?.state ?? 'miss', 0)
    return trace
  }
  try {
    return await answer(chain, query, asked, follow)
  } catch (error) {
    trace?.fail(error)
    throw error
  }
}

async function answer(chain: Chain, query: Query, asked: AskedRead, follow?: Follow): Promise<unknown> {
  const { key, input, options, reason, observe } = asked
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
