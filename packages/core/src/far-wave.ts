import { answerOf, unleasedAnswer } from './asking.ts'
import type { Answer, Asking, Opened, Passenger, Wave } from './asking.ts'
import type { Chain } from './chain.ts'
import type { Job } from './job.ts'
import { instantOf, openFrame } from './open-frame.ts'
import type { Instant } from './open-frame.ts'
import type { RemoteLink } from './remote-link.ts'
import type { Place } from './remote-read.ts'
import { dueAheadOf } from './resolve.ts'
import { backfill } from './store.ts'

/** Of one group. While the tier answers the next, this process opens what came of the one before. */
const most = 128
const noPlaces: readonly Place[] = []
/** Reads that share a reading of the clocks. All of them began before the batch was answered. */
const readings = 32

/** Those who go together. */
class Group {
  readonly passengers: Passenger[] = []
  answer!: () => void
  readonly answered: Promise<void> = new Promise((resolve) => {
    this.answer = resolve
  })
}

interface Arrival {
  readonly link: RemoteLink
  readonly watch: number
  at: Instant
}

/**
 * What misses memory in one tick, asked of the nearest remote tier at once. A fresh hit lands its flight right here,
 * in one row with the others of the batch: promises per key are what most of a remote hit would cost. Everything else
 * (a miss, a stale entry, unknown tags) takes the way of `resolve.ts`, which is told what was answered.
 *
 * `nextTick` runs after the microtasks that are already queued, so that callers who wake up together (from the same
 * reply) end up in one batch again, and a lone call isn't delayed by I/O.
 */
export class FarWave implements Wave {
  readonly #chain: () => Chain
  readonly #loading: boolean
  #boarding: Group | undefined

  /** @param loading Whether those of this wave load what is missing, and so want leases. */
  constructor(chain: () => Chain, loading: boolean) {
    this.#chain = chain
    this.#loading = loading
  }

  board(link: RemoteLink, passenger: Passenger): Promise<void> {
    let group = this.#boarding
    if (group === undefined) {
      group = new Group()
      this.#boarding = group
      const first = group
      process.nextTick(() => this.#depart(link, first))
    }
    group.passengers.push(passenger)
    const { answered } = group
    if (group.passengers.length >= most) this.#depart(link, group)
    return answered
  }

  #depart(link: RemoteLink, group: Group): void {
    if (this.#boarding !== group) return
    this.#boarding = undefined
    const { passengers } = group
    const chain = this.#chain()
    const watch = chain.fills.moment()
    const landed = this.#ask(link, passengers).then(
      (answers) => {
        const arrival: Arrival = { link, watch, at: instantOf(chain) }
        for (let i = 0; i < passengers.length; i++) {
          if (i % readings === readings - 1) arrival.at = instantOf(chain)
          const passenger = passengers[i] as Passenger
          try {
            passenger.asking = arrive(chain, passenger, answers[i] as Answer, arrival)
          } catch {
            // Nobody else may wait for it.
            passenger.asking = unanswered(arrival)
          }
        }
        group.answer()
      },
      () => {
        for (const passenger of passengers) passenger.asking = unanswered({ link, watch })
        group.answer()
      },
    )
    chain.background.run(landed)
  }

  async #ask(link: RemoteLink, passengers: readonly Passenger[]): Promise<readonly Answer[]> {
    const keys = passengers.map(({ job }) => job.key)
    if (!this.#loading || link.coherence === undefined)
      return (await link.readAll(keys)).map((frame) => unleasedAnswer(link, frame))
    const { reads, tagClock } = await link.leaseAll(keys)
    return reads.map((read) => answerOf(read, tagClock))
  }
}

/** A tier that can't be asked counts as a miss; nothing may be stored there. */
function unanswered({ link, watch }: Pick<Arrival, 'link' | 'watch'>): Asking {
  return { watch, first: { link, answer: undefined, opened: undefined } }
}

/** Lands the flight with a fresh hit; else what was learnt. */
function arrive(
  chain: Chain,
  { job, flight }: Passenger,
  answer: Answer,
  { link, watch, at }: Arrival,
): Asking | undefined {
  const { frame, fence, tagClock } = answer
  const opened = frame ? openFrame(chain, job, link, frame, at) : undefined
  if (frame === undefined || opened === undefined || !mayLand(chain, job, opened, at.now))
    return { watch, first: { link, answer, opened } }
  const place: Place = { link, fence, claim: frame.stamp, tagClock, blocked: false }
  const { life, candidate } = opened
  flight.end(backfill(chain, job, flight, { place, life, candidate, stamp: frame.stamp }, noPlaces, at.now))
  return undefined
}

function mayLand(
  chain: Chain,
  { query }: Job,
  opened: Opened | Promise<unknown>,
  now: number,
): opened is Opened {
  if (opened instanceof Promise || opened.state !== 'fresh') return false
  return query.load === undefined || !dueAheadOf(chain, query, opened, now)
}
