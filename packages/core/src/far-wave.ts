import { lease, look } from './arrival.ts'
import type { Passenger, Wave } from './asking.ts'
import type { Chain } from './chain.ts'
import type { RemoteLink } from './remote-link.ts'
import type { StoredFrame } from './stored-frame.ts'
import { atEndOfTick, atEndOfTurn } from './turn.ts'

/** Of one group. While the tier answers the next, this process opens what came of the one before. */
const most = 128
/**
 * Groups that are asked for at once. Opening what came of so many takes less than a tier is given to answer: were more
 * of them sent, the last ones would wait for us, and their time limit would take that for a tier that is slow.
 */
const underWay = 16
/** Of fewer, a look without leases would save too little to pay for the second round trip of those that need one. */
const fewest = 16
/** The share of hits lately from which on a look without leases is likely to be all that is needed. */
const likely = 0.9
/** So many reads count for what was lately. */
const lately = 128

/** Those who go together. */
class Group {
  readonly passengers: Passenger[] = []
  answer!: () => void
  finish!: () => void
  readonly answered: Promise<void> = new Promise((resolve) => {
    this.answer = resolve
  })
  /** Also those have their answers for whom the tier had to be asked twice. */
  readonly finished: Promise<void> = new Promise((resolve) => {
    this.finish = resolve
  })
}

/**
 * What misses memory in one turn of the event loop, asked of the nearest remote tier at once. A fresh hit lands its
 * flight right here, in one row with the others of the batch: promises per key are what most of a remote hit would cost.
 * Everything else (a miss, a stale entry, unknown tags) takes the way of `resolve.ts`, which is told what was answered.
 *
 * Leases are asked for along with the values, so that a miss costs no round trip more. But where nearly everything was
 * a hit lately, many reads look without leases first, which costs the tier a fraction; what doesn't land is asked for
 * again, with a lease.
 *
 * A turn and not a tick, as in batch.ts: requests of a service come one by one, each in a tick of its own. Only where
 * reads come one at a time does a turn gather nothing, and they leave with their tick.
 */
export class FarWave implements Wave {
  readonly #chain: () => Chain
  readonly #loading: boolean
  #boarding: Group | undefined
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #hits = 0
  /** Whether the last who left was alone: then the next one is likely to be, too. */
  #lone = false

  /** @param loading Whether those of this wave load what is missing, and so want leases. */
  constructor(chain: () => Chain, loading: boolean) {
    this.#chain = chain
    this.#loading = loading
  }

  get boardingSince(): number | undefined {
    return this.#boarding?.passengers[0]?.startedAt
  }

  board(link: RemoteLink, passenger: Passenger): Promise<void> {
    return this.#join(link, passenger).answered
  }

  async boardAll(link: RemoteLink, passengers: readonly Passenger[]): Promise<void> {
    const groups: Group[] = []
    for (const passenger of passengers) {
      const group = this.#join(link, passenger)
      if (group !== groups.at(-1)) groups.push(group)
    }
    for (const group of groups) await group.answered
    let awaited: Promise<void> | undefined
    for (const { more } of passengers) {
      if (more === awaited) continue
      awaited = more
      await more
    }
  }

  looksFirst(link: RemoteLink, count: number): boolean {
    if (!this.#leases(link)) return true
    return count >= fewest && this.#hits >= likely
  }

  async look(link: RemoteLink, keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    await this.#turn()
    try {
      return await link.readAll(keys)
    } finally {
      this.#back()
    }
  }

  looked(asked: number, landed: number): void {
    this.#hits += (landed / asked - this.#hits) * Math.min(1, asked / lately)
  }

  async boardLooked(link: RemoteLink, passengers: readonly Passenger[]): Promise<void> {
    if (!this.#leases(link)) return
    const leased = async (some: readonly Passenger[]) => {
      await this.#turn()
      await lease(this.#chain(), link, some).finally(this.#back)
    }
    const groups: Promise<void>[] = []
    for (let from = 0; from < passengers.length; from += most)
      groups.push(leased(passengers.slice(from, from + most)))
    await Promise.all(groups)
  }

  #leases(link: RemoteLink): boolean {
    return this.#loading && link.coherence !== undefined
  }

  #join(link: RemoteLink, passenger: Passenger): Group {
    let group = this.#boarding
    if (group === undefined) {
      group = new Group()
      this.#boarding = group
      const first = group
      const leave = this.#lone && this.#underWay === 0 ? atEndOfTick : atEndOfTurn
      leave(() => this.#depart(link, first))
    }
    group.passengers.push(passenger)
    if (group.passengers.length >= most) this.#depart(link, group)
    return group
  }

  #depart(link: RemoteLink, group: Group): void {
    if (this.#boarding !== group) return
    this.#boarding = undefined
    this.#lone = group.passengers.length === 1
    this.#whenFree(() => {
      const chain = this.#chain()
      chain.background.run(this.#travel(chain, link, group).then(this.#back))
    })
  }

  #whenFree(go: () => void): void {
    if (this.#underWay >= underWay) {
      this.#waiting.push(go)
      return
    }
    this.#underWay++
    go()
  }

  #turn(): Promise<void> {
    return new Promise((go) => {
      this.#whenFree(go)
    })
  }

  readonly #back = (): void => {
    const next = this.#waiting.shift()
    if (next === undefined) this.#underWay--
    else next()
  }

  /** Never rejects. */
  async #travel(
    chain: Chain,
    link: RemoteLink,
    { passengers, answer, finish, finished }: Group,
  ): Promise<void> {
    let left: readonly Passenger[] | undefined = passengers
    const leases = this.#leases(link)
    if (this.looksFirst(link, passengers.length)) {
      left = await look(chain, link, passengers)
      if (leases && left !== undefined && left.length > 0) {
        for (const passenger of left) passenger.more = finished
        answer()
      }
    }
    if (leases && left !== undefined && left.length > 0) left = await lease(chain, link, left)
    if (left !== undefined) this.looked(passengers.length, passengers.length - left.length)
    answer()
    finish()
  }
}
