import { answerOf, unleasedAnswer } from './asking.ts'
import type { Asking, FirstAnswer, Passenger } from './asking.ts'
import { backfill } from './backfill.ts'
import type { Chain } from './chain.ts'
import type { LeaseRead } from './coherence.ts'
import { FreshFrames } from './fresh-frames.ts'
import { instantOf, openFrame } from './open-frame.ts'
import type { Instant } from './open-frame.ts'
import type { Query } from './query.ts'
import type { RemoteLink } from './remote-link.ts'
import type { Place } from './remote-read.ts'
import { dueAheadOf } from './resolve.ts'
import type { StoredFrame } from './stored-frame.ts'

/** Reads that share a reading of the clocks. All of them began before the batch was answered. */
const readings = 32
const noPlaces: readonly Place[] = []

const keyOf = ({ key }: Passenger): string => key

/** Reads for all of them; those who didn't land, with what was learnt. Undefined when the tier couldn't be asked. */
export async function look(
  chain: Chain,
  link: RemoteLink,
  passengers: readonly Passenger[],
): Promise<readonly Passenger[] | undefined> {
  const watch = chain.fills.moment()
  const frames = await answered(link, watch, passengers, link.readAll(passengers.map(keyOf)))
  return (
    frames &&
    arrive(chain, link, watch, passengers, {
      frameAt: (i) => frames[i],
      answerAt: (i) => unleasedAnswer(link, frames[i]),
    })
  )
}

/** As `look`, leaving leases where nothing is. */
export async function lease(
  chain: Chain,
  link: RemoteLink,
  passengers: readonly Passenger[],
): Promise<readonly Passenger[] | undefined> {
  const watch = chain.fills.moment()
  const leased = await answered(link, watch, passengers, link.leaseAll(passengers.map(keyOf)))
  if (leased === undefined) return undefined
  const { reads, tagClock } = leased
  return arrive(chain, link, watch, passengers, {
    frameAt: (i) => frameOf(reads[i] as LeaseRead),
    answerAt: (i) => answerOf(reads[i] as LeaseRead, tagClock),
  })
}

/** What the tier answered; undefined when it couldn't be asked, which every passenger is told. */
async function answered<A>(
  link: RemoteLink,
  watch: number,
  passengers: readonly Passenger[],
  asked: Promise<A>,
): Promise<A | undefined> {
  try {
    return await asked
  } catch {
    for (const passenger of passengers) passenger.asking = unanswered(link, watch)
    return undefined
  }
}

function frameOf(read: LeaseRead): StoredFrame | undefined {
  return read.state === 'hit' ? read.frame : undefined
}

/** What a batch brought, by the place of the passenger. */
interface Brought {
  readonly frameAt: (i: number) => StoredFrame | undefined
  readonly answerAt: (i: number) => FirstAnswer['answer']
}

/** One row: what a batch brought, passenger by passenger. Those who didn't land. */
function arrive(
  chain: Chain,
  link: RemoteLink,
  watch: number,
  passengers: readonly Passenger[],
  { frameAt, answerAt }: Brought,
): readonly Passenger[] {
  const fresh = new FreshByQuery(chain, link)
  const one = (passenger: Passenger, i: number, at: Instant): Asking | undefined => {
    const frame = frameAt(i)
    if (frame && landQuickly(chain, passenger, fresh, frame, at)) return undefined
    const opened = frame && openedOnce(chain, passenger, link, frame, at)
    if (land(chain, passenger, opened, at)) return undefined
    return { watch, first: { link, answer: answerAt(i), opened } }
  }
  const left: Passenger[] = []
  let at = instantOf(chain)
  for (let i = 0; i < passengers.length; i++) {
    if (i % readings === readings - 1) at = instantOf(chain)
    const passenger = passengers[i] as Passenger
    try {
      passenger.asking = one(passenger, i, at)
    } catch {
      // Nobody else may wait for it.
      passenger.asking = unanswered(link, watch)
    }
    if (passenger.asking !== undefined) left.push(passenger)
  }
  return left
}

/** The frame opened, unless it is the one that was opened when the tier was asked before. */
function openedOnce(
  chain: Chain,
  passenger: Passenger,
  link: RemoteLink,
  frame: StoredFrame,
  at: Instant,
): FirstAnswer['opened'] {
  const before = passenger.asking?.first
  const same =
    before?.answer?.frame?.stamp === frame.stamp &&
    frame.stamp !== '' &&
    before.answer.frame.soft === frame.soft
  return same ? before.opened : openFrame(chain, passenger, link, frame, at)
}

/** A tier that can't be asked counts as a miss; nothing may be stored there. */
export function unanswered(link: RemoteLink, watch: number): Asking {
  return { watch, first: { link, answer: undefined, opened: undefined } }
}

/** Readers of fresh frames, of one query after the other: neighbours in a batch are mostly of the same. */
class FreshByQuery {
  readonly #chain: Chain
  readonly #link: RemoteLink
  #last: FreshFrames | undefined

  constructor(chain: Chain, link: RemoteLink) {
    this.#chain = chain
    this.#link = link
  }

  of(query: Query): FreshFrames {
    if (this.#last?.isOf(query) !== true) this.#last = new FreshFrames(this.#chain, query, this.#link)
    return this.#last
  }
}

/** Answers a lone reader by what most frames are, without a flight. From then on nobody may wait for it. */
function landQuickly(
  chain: Chain,
  passenger: Passenger,
  fresh: FreshByQuery,
  frame: StoredFrame,
  at: Instant,
): boolean {
  if (!passenger.alone || passenger.view !== undefined || passenger.asking !== undefined) return false
  const value = fresh.of(passenger.query).value(passenger.key, passenger.input, frame, at, passenger)
  if (value === undefined) return false
  passenger.value = value
  chain.flights.delete(passenger.name, passenger)
  return true
}

/** Lands the flight with a fresh hit, if it is one. */
function land(chain: Chain, passenger: Passenger, opened: FirstAnswer['opened'], at: Instant): boolean {
  if (opened === undefined || opened instanceof Promise || opened.state !== 'fresh') return false
  const { query, flight } = passenger
  if (query.load !== undefined && dueAheadOf(chain, query, opened, at.now)) return false
  flight.end(backfill(chain, passenger, flight, opened, noPlaces, at.now))
  return true
}
