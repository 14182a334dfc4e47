import { nameOf, Passenger } from './asking.ts'
import type { Asking } from './asking.ts'
import type { Chain } from './chain.ts'
import { deliver, emitHit } from './deliver.ts'
import type { LocalView } from './locals.ts'
import type { Query } from './query.ts'
import type { RemoteLink } from './remote-link.ts'
import { fly, localHit, whyLoad } from './take-off.ts'

/** Whether reads of the query, by and large, may go together to this tier now. */
export function isUsual(chain: Chain, query: Query, link: RemoteLink, now: number): boolean {
  if (query.policy.flight === false || chain.tracing.tracer !== undefined) return false
  return !link.hearsay || now < chain.live.until
}

/** Begins usual reads of one query, all at one moment. */
export class Embarking {
  readonly startedAt: number
  readonly sequence: number
  readonly #chain: Chain
  readonly #query: Query
  readonly #link: RemoteLink

  constructor(chain: Chain, query: Query, link: RemoteLink, now: number) {
    this.startedAt = now
    this.sequence = chain.fence.sequence
    this.#chain = chain
    this.#query = query
    this.#link = link
  }

  /**
   * A flight, and a passenger of the next wave. Or the value, where a local tier has it after all; or undefined, where
   * the read isn't a usual one. `absent`: whoever asks has looked, and no local tier has anything.
   */
  begin(key: string, input: unknown, absent = false): Passenger | { readonly value: unknown } | undefined {
    if (!this.mayAsk(key) || this.#chain.flights.has(nameOf(this.#query, key))) return undefined
    const view = absent ? undefined : this.view(key)
    if (view?.state === 'fresh') return { value: this.hit(key, input, view) }
    return this.#fly(key, input, view)
  }

  /** A passenger who has looked for the key already. Undefined, where somebody else has begun a flight meanwhile. */
  beginLate(key: string, input: unknown, view: LocalView | undefined): Passenger | undefined {
    return this.#chain.flights.has(nameOf(this.#query, key)) ? undefined : this.#fly(key, input, view)
  }

  /** May the tier be asked for the key? */
  mayAsk(key: string): boolean {
    return this.#link.usable(key)
  }

  view(key: string): LocalView | undefined {
    const { locals } = this.#chain
    return locals.tiers.length === 0 ? undefined : locals.look(key, this.startedAt, undefined)
  }

  hit(key: string, input: unknown, view: LocalView): unknown {
    return localHit(this.#chain, this.#query, key, input, view, this.startedAt)
  }

  #fly(key: string, input: unknown, view: LocalView | undefined): Passenger {
    const passenger = new Passenger(this.#query, key, input, view, this)
    this.#chain.flights.set(passenger.name, passenger)
    return passenger
  }
}

/** What came of it. A promise where the flight takes the long way. */
export function disembark(chain: Chain, passenger: Passenger): unknown {
  const { query, key, asking, value } = passenger
  if (value !== undefined) {
    const { position } = chain.links[0] as RemoteLink
    if (chain.events.on.hit) emitHit(chain, query, () => key, position, 'fresh')
    return value
  }
  const { flight } = passenger
  const { answer } = flight
  if (asking !== undefined || answer === undefined) return follow(chain, passenger, asking)
  chain.flights.delete(passenger.name, flight)
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
