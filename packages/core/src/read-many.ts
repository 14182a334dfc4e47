import { Passenger } from './asking.ts'
import type { Chain } from './chain.ts'
import { Glance, Sought } from './glance.ts'
import type { Missed } from './glance.ts'
import type { KeyOf } from './key.ts'
import type { Query } from './query.ts'
import { disembark, Embarking, isUsual } from './embarking.ts'
import { read } from './read.ts'
import type { RemoteLink } from './remote-link.ts'

/**
 * Reads many keys of one definition: as many single reads, but for their promises. Hits in memory are answered in one
 * walk, what misses it goes to the nearest remote tier together, and what that brings is answered in another walk; only a
 * key that takes the long way (a miss, a stale entry, a flight that is under way already) has a promise of its own.
 */
export async function readMany(
  chain: Chain,
  query: Query,
  inputs: readonly KeyOf[],
  o: {
    readonly hit: (input: KeyOf) => unknown
    /** Whether what `hit` looked for last is in no local tier at all. */
    readonly absent: () => boolean
    readonly keyOf: (input: KeyOf) => string
  },
): Promise<unknown[]> {
  const answers: unknown[] = []
  const missing: number[] = []
  const absent: boolean[] = []
  for (let i = 0; i < inputs.length; i++) {
    const value = o.hit(inputs[i])
    answers.push(value)
    if (value !== undefined) continue
    missing.push(i)
    absent.push(o.absent())
  }
  if (missing.length === 0) return answers
  // Before any flight begins: a key that is refused refuses the call.
  const keys = missing.map((i) => o.keyOf(inputs[i]))
  const [link] = chain.links
  const now = chain.clock.now()
  if (link === undefined || !isUsual(chain, query, link, now)) {
    for (const [m, i] of missing.entries())
      answers[i] = unheard(read(chain, query, keys[m] as string, inputs[i]))
    return await Promise.all(answers)
  }
  const bulk = new BulkRead(chain, query, link, new Embarking(chain, query, link, now), answers)
  await bulk.all({ missing, absent, keys, inputs })
  return bulk.apart ? await Promise.all(answers) : answers
}

/** What hits in memory left of one call. */
interface Left {
  /** Places among the inputs, and for each whether no local tier has anything, and the key. */
  readonly missing: readonly number[]
  readonly absent: readonly boolean[]
  readonly keys: readonly string[]
  readonly inputs: readonly KeyOf[]
}

/** The keys of one call that memory lacks. One key's trouble must leave no other's flight behind. */
class BulkRead {
  /** Whether some answers are promises. */
  apart = false
  readonly #chain: Chain
  readonly #query: Query
  readonly #link: RemoteLink
  readonly #embarking: Embarking
  readonly #answers: unknown[]

  constructor(chain: Chain, query: Query, link: RemoteLink, embarking: Embarking, answers: unknown[]) {
    this.#chain = chain
    this.#query = query
    this.#link = link
    this.#embarking = embarking
    this.#answers = answers
  }

  async all(left: Left): Promise<void> {
    const { missing, keys, inputs } = left
    if (this.#wave.looksFirst(this.#link, missing.length)) {
      await this.#glance(left)
      return
    }
    const aboard: Passenger[] = []
    const places: number[] = []
    for (let m = 0; m < missing.length; m++) {
      const i = missing[m] as number
      const key = keys[m] as string
      this.#answer(i, () => {
        const made = this.#embarking.begin(key, inputs[i])
        if (!(made instanceof Passenger)) return made === undefined ? this.#alone(key, inputs[i]) : made.value
        aboard.push(made)
        places.push(i)
        return undefined
      })
    }
    if (aboard.length === 0) return
    await this.#wave.boardAll(this.#link, aboard)
    this.#disembark(aboard, places)
  }

  async #glance({ missing, absent, keys, inputs }: Left): Promise<void> {
    const embarking = this.#embarking
    const sought = new Sought()
    for (let m = 0; m < missing.length; m++) {
      const place = missing[m] as number
      const key = keys[m] as string
      const input = inputs[place]
      const view = absent[m] === true ? undefined : embarking.view(key)
      if (view?.state === 'fresh') this.#answer(place, () => embarking.hit(key, input, view))
      else if (embarking.mayAsk(key)) sought.add(key, input, view, place)
      else this.#answer(place, () => this.#alone(key, input))
    }
    if (sought.keys.length === 0) return
    const glance = new Glance(this.#chain, this.#query, {
      link: this.#link,
      wave: this.#wave,
      outset: embarking,
      sought,
      answers: this.#answers,
    })
    await glance.all()
    if (glance.missed.length > 0) await this.#takeOff(sought, glance.missed)
  }

  /** Those that were no fresh hits take off, with what was learnt. */
  async #takeOff(sought: Sought, missed: readonly Missed[]): Promise<void> {
    const aboard: Passenger[] = []
    const asked: Passenger[] = []
    const places: number[] = []
    for (const { at, asking, answered } of missed) {
      const key = sought.keys[at] as string
      const place = sought.places[at] as number
      const input = sought.inputs[at]
      const passenger = this.#embarking.beginLate(key, input, sought.views[at])
      if (passenger === undefined) {
        this.#answer(place, () => this.#alone(key, input))
        continue
      }
      passenger.asking = asking
      if (answered) asked.push(passenger)
      aboard.push(passenger)
      places.push(place)
    }
    if (asked.length > 0) await this.#wave.boardLooked(this.#link, asked)
    this.#disembark(aboard, places)
  }

  #disembark(aboard: readonly Passenger[], places: readonly number[]): void {
    for (let p = 0; p < aboard.length; p++)
      this.#answer(places[p] as number, () => disembark(this.#chain, aboard[p] as Passenger))
  }

  /** What a call of its own would return. */
  #alone(key: string, input: unknown): Promise<unknown> {
    return read(this.#chain, this.#query, key, input)
  }

  /** The value, or a promise that nobody need listen to yet. */
  #answer(place: number, make: () => unknown): void {
    let made: unknown
    try {
      made = make()
    } catch (error) {
      made = Promise.reject(error)
    }
    this.#answers[place] = made
    if (!(made instanceof Promise)) return
    this.apart = true
    void unheard(made)
  }

  get #wave() {
    return this.#query.load === undefined ? this.#chain.waves.getting : this.#chain.waves.loading
  }
}

function unheard(promise: Promise<unknown>): Promise<unknown> {
  promise.catch(() => {})
  return promise
}
