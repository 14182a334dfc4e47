import { answerOf, unleasedAnswer } from './asking.ts'
import type { Answer, Asking, Opened, Wave } from './asking.ts'
import type { Chain } from './chain.ts'
import type { Flight } from './flight.ts'
import type { Job } from './job.ts'
import { instantOf, openFrame } from './open-frame.ts'
import type { Instant } from './open-frame.ts'
import type { RemoteLink } from './remote-link.ts'
import type { Place } from './remote-read.ts'
import { dueAheadOf } from './resolve.ts'
import { backfill } from './store.ts'

/** Undefined: the flight has landed. Else it goes on, with what was learnt. */
type Outcome = Asking | undefined

interface Passenger {
  readonly job: Job
  readonly flight: Flight
  readonly resolve: (outcome: Outcome) => void
}

const most = 1_000
const noPlaces: readonly Place[] = []
/** Reads that share a reading of the clocks. All of them began before the batch was answered. */
const readings = 32

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
  #waiting: Passenger[] = []

  /** @param loading Whether those of this wave load what is missing, and so want leases. */
  constructor(chain: () => Chain, loading: boolean) {
    this.#chain = chain
    this.#loading = loading
  }

  board(link: RemoteLink, job: Job, flight: Flight): Promise<Outcome> {
    if (this.#waiting.length === 0) process.nextTick(() => this.#depart(link))
    const outcome = new Promise<Outcome>((resolve) => {
      this.#waiting.push({ job, flight, resolve })
    })
    if (this.#waiting.length >= most) this.#depart(link)
    return outcome
  }

  #depart(link: RemoteLink): void {
    const passengers = this.#waiting
    if (passengers.length === 0) return
    this.#waiting = []
    const chain = this.#chain()
    const watch = chain.fills.moment()
    const landed = this.#ask(link, passengers).then(
      (answers) => {
        const arrival: Arrival = { link, watch, at: instantOf(chain) }
        for (let i = 0; i < passengers.length; i++) {
          if (i % readings === readings - 1) arrival.at = instantOf(chain)
          const passenger = passengers[i] as Passenger
          try {
            arrive(chain, passenger, answers[i] as Answer, arrival)
          } catch {
            // Nobody else may wait for it.
            passenger.resolve(unanswered(arrival))
          }
        }
      },
      () => {
        for (const { resolve } of passengers) resolve(unanswered({ link, watch }))
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

function arrive(
  chain: Chain,
  { job, flight, resolve }: Passenger,
  answer: Answer,
  { link, watch, at }: Arrival,
): void {
  const { frame, fence, tagClock } = answer
  const opened = frame ? openFrame(chain, job, link, frame, at) : undefined
  if (frame === undefined || opened === undefined || !mayLand(chain, job, opened, at.now)) {
    resolve({ watch, first: { link, answer, opened } })
    return
  }
  const place: Place = { link, fence, claim: frame.stamp, tagClock, blocked: false }
  const { life, candidate } = opened
  flight.end(backfill(chain, job, flight, { place, life, candidate, stamp: frame.stamp }, noPlaces, at.now))
  resolve(undefined)
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
