import { unleasedAnswer } from './asking.ts'
import type { Asking, Wave } from './asking.ts'
import { backfill } from './backfill.ts'
import type { Chain } from './chain.ts'
import { unanswered } from './arrival.ts'
import { FreshFrames } from './fresh-frames.ts'
import type { LocalView } from './locals.ts'
import { instantOf, openFrame } from './open-frame.ts'
import type { Instant } from './open-frame.ts'
import type { Query } from './query.ts'
import { deliver, emitHit } from './deliver.ts'
import type { Embarking } from './embarking.ts'
import type { RemoteLink } from './remote-link.ts'
import type { Place } from './remote-read.ts'
import { dueAheadOf } from './resolve.ts'
import type { StoredFrame } from './stored-frame.ts'

/** Keys of one request. While the tier answers the next, this process opens what came of the one before. */
const most = 128
/** Reads that share a reading of the clocks. All of them began before the request was answered. */
const readings = 32
const noPlaces: readonly Place[] = []

/** Keys to look for, side by side: an object for each would cost what a look at memory costs. */
export class Sought {
  readonly keys: string[] = []
  readonly inputs: unknown[] = []
  /** What local tiers have of them. */
  readonly views: (LocalView | undefined)[] = []
  /** Where their values belong among the answers. */
  readonly places: number[] = []

  add(key: string, input: unknown, view: LocalView | undefined, place: number): void {
    this.keys.push(key)
    this.inputs.push(input)
    this.views.push(view)
    this.places.push(place)
  }
}

/** A key that wasn't a fresh hit, with what was learnt. */
export interface Missed {
  readonly at: number
  readonly asking: Asking
  /** Whether the tier could be asked. */
  readonly answered: boolean
}

/**
 * A look into the nearest remote tier for many keys, before any flight begins: what is there is read without one. Who
 * reads a hit needs nobody to share a load with; and what is missed takes off as if it had begun with the look.
 */
export class Glance {
  readonly missed: Missed[] = []
  readonly #chain: Chain
  readonly #query: Query
  readonly #link: RemoteLink
  readonly #wave: Wave
  readonly #outset: Embarking
  readonly #sought: Sought
  readonly #answers: unknown[]
  readonly #watch: number
  readonly #fresh: FreshFrames

  constructor(
    chain: Chain,
    query: Query,
    o: {
      readonly link: RemoteLink
      readonly wave: Wave
      readonly outset: Embarking
      readonly sought: Sought
      readonly answers: unknown[]
    },
  ) {
    this.#chain = chain
    this.#query = query
    this.#link = o.link
    this.#wave = o.wave
    this.#outset = o.outset
    this.#sought = o.sought
    this.#answers = o.answers
    this.#watch = chain.fills.moment()
    this.#fresh = new FreshFrames(chain, query, o.link)
  }

  /** Puts the fresh hits among the answers; the others are in `missed` then. Never rejects. */
  async all(): Promise<void> {
    const { keys } = this.#sought
    if (keys.length <= most) {
      await this.#some(0, keys)
      return
    }
    const looks: Promise<void>[] = []
    for (let from = 0; from < keys.length; from += most)
      looks.push(this.#some(from, keys.slice(from, from + most)))
    await Promise.all(looks)
  }

  async #some(from: number, keys: readonly string[]): Promise<void> {
    const before = this.missed.length
    let frames: readonly (StoredFrame | undefined)[]
    try {
      frames = await this.#wave.look(this.#link, keys)
    } catch {
      for (let i = 0; i < keys.length; i++) this.#unanswered(from + i)
      return
    }
    let at = instantOf(this.#chain)
    for (let i = 0; i < keys.length; i++) {
      if (i % readings === readings - 1) at = instantOf(this.#chain)
      try {
        this.#one(from + i, frames[i], at)
      } catch {
        // Nobody else may wait for it.
        this.#unanswered(from + i)
      }
    }
    this.#wave.looked(keys.length, keys.length - (this.missed.length - before))
  }

  #unanswered(at: number): void {
    this.missed.push({ at, asking: unanswered(this.#link, this.#watch), answered: false })
  }

  #one(i: number, frame: StoredFrame | undefined, at: Instant): void {
    const { keys, inputs, views, places } = this.#sought
    const key = keys[i] as string
    const view = views[i]
    const place = places[i] as number
    if (frame !== undefined && view === undefined) {
      const value = this.#fresh.value(key, inputs[i], frame, at, this.#outset)
      if (value !== undefined) {
        if (this.#chain.events.on.hit)
          emitHit(this.#chain, this.#query, () => key, this.#link.position, 'fresh')
        this.#answers[place] = value
        return
      }
    }
    const chain = this.#chain
    const query = this.#query
    const job = { query, key, input: inputs[i], view, options: undefined }
    const opened = frame && openFrame(chain, job, this.#link, frame, at)
    const fresh = opened !== undefined && !(opened instanceof Promise) && opened.state === 'fresh'
    if (fresh && (query.load === undefined || !dueAheadOf(chain, query, opened, at.now))) {
      const outset = this.#outset
      const landing = backfill(chain, job, outset, opened, noPlaces, at.now)
      this.#answers[place] = deliver(chain, query, key, outset, landing)
      return
    }
    const first = { link: this.#link, answer: unleasedAnswer(this.#link, frame), opened }
    this.missed.push({ at: i, asking: { watch: this.#watch, first }, answered: true })
  }
}
