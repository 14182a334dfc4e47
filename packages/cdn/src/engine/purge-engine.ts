import type { Clock, EdgeOutcome, EdgePurge } from '@tierstack/cache-core'
import { Dispatch } from './dispatch.ts'
import type { DispatchOptions } from './dispatch.ts'
import { Intents } from './intents.ts'
import { Jobs } from './jobs.ts'
import type { Job, Pending } from './jobs.ts'
import type { DeadLetter, PurgeLane } from './purge-queue.ts'
import type { PurgeStats } from './purge-stats.ts'

/** A name to purge, with the name that covers it and others. */
export interface PurgeName {
  readonly name: string
  readonly group: string | undefined
}

export interface EngineOptions extends DispatchOptions {
  readonly lane: PurgeLane
  readonly durable: boolean
  /** What a removal purges. */
  readonly namesOf: (what: EdgePurge) => readonly PurgeName[]
  /** How long after a removal its second purge comes, ms; `0` for none. */
  readonly window: number
  /** How long after a removal its first purge comes, ms. */
  readonly lead: number
  /** How long a removal waits for its first purge, ms. */
  readonly wait: number
}

const takeOverEvery = 5_000
/** Longest time to get first purges out before closing, where nothing keeps them. */
const closing = 3_000

/**
 * Purges names at one edge: first when a removal was made, and again after the responses that were under way then have
 * arrived (they were made of old rows, and the edge keeps them after the first purge).
 *
 * A removal is written down (`Intents`), becomes marks on the jobs of its names (`Jobs`), one job per name whatever the
 * number of removals that want it, and is struck out when the last of them was purged for the last time (`Dispatch`).
 */
export class PurgeEngine {
  readonly #o: EngineOptions
  readonly #clock: Clock
  readonly #intents: Intents
  readonly #jobs = new Jobs()
  readonly #dispatch: Dispatch
  #takenOver = 0
  #cancelRounds = () => {}
  #closed = false

  constructor(options: EngineOptions) {
    this.#o = options
    this.#clock = options.host.clock
    this.#intents = new Intents(options.lane, this.#clock)
    this.#dispatch = new Dispatch(options, this.#jobs, (letter) => this.#intents.bury(letter))
    this.#rounds()
  }

  get stats(): Readonly<PurgeStats> {
    return { ...this.#dispatch.counters, takenOver: this.#takenOver }
  }

  /** Names that still want a purge. */
  get pending(): number {
    return this.#jobs.size
  }

  /** Since when purges don't get through, `clock.now()`: since the first failure, or the oldest removal not purged. */
  get lagSince(): number | undefined {
    const since = this.#dispatch.downSince
    for (const { marks } of this.#jobs.ready) {
      const oldest = marks.find(({ led }) => !led)
      if (oldest !== undefined) return Math.min(oldest.at, since ?? oldest.at)
      break
    }
    return since
  }

  async announce(what: EdgePurge): Promise<void> {
    await this.#intents.announce(what)
  }

  async purge(what: EdgePurge): Promise<EdgeOutcome> {
    if (this.#closed) throw new Error('the edge is closed')
    let ids: readonly number[] = []
    let written = this.#o.durable
    try {
      ids = [await this.#intents.idOf(what)]
    } catch (error) {
      // Not written down, but not forgotten either, as long as this process lives.
      written = false
      this.#o.host.degraded('error', error)
    }
    const purged = this.#enter(what, ids)
    let cancel = () => {}
    const late = new Promise<false>((resolve) => {
      cancel = this.#clock.after(this.#o.wait, () => resolve(false))
    })
    const led = await Promise.race([purged.then(() => true), late])
    cancel()
    if (led) return 'purged'
    return written ? 'durable' : 'queued'
  }

  deadLetters(): Promise<readonly DeadLetter[]> {
    return this.#intents.dead()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    if (!this.#o.durable) await this.#finish()
    this.#closed = true
    this.#dispatch.close()
    this.#cancelRounds()
    await this.#intents.close()
  }

  /** Marks every name of a removal; resolves when each was purged once. */
  #enter(what: EdgePurge, ids: readonly number[]): Promise<void> {
    const now = this.#clock.now()
    const { lead, spacing, window } = this.#o
    const names = this.#o.namesOf(what)
    return new Promise((resolve) => {
      const pending: Pending = {
        unled: names.length,
        left: names.length,
        led: resolve,
        done: () => this.#intents.done(ids),
      }
      if (names.length === 0) {
        pending.done()
        resolve()
      }
      const ripeAt = now + lead + window
      const soft = what.soft === true && this.#o.provider.contract.soft
      const soon: Job[] = []
      for (const { name, group } of names) {
        const job = this.#jobs.of(name, group, soft)
        job.marks.push({ pending, at: now, ripeAt, led: false })
        const due = Math.max(now + lead, job.lastAt + spacing)
        if (due <= now + lead) soon.push(job)
        else if (due < job.due || job.due <= now) this.#jobs.schedule([job], due, now)
      }
      this.#jobs.schedule(soon, now + lead, now)
      this.#dispatch.pass()
    })
  }

  /** Now and then: what dead processes left, and what was announced and forgotten. */
  #rounds(): void {
    if (this.#closed) return
    for (const { what, ids } of this.#intents.lapsed()) void this.#enter(what, ids)
    void this.#takeOver().catch((error: unknown) => this.#o.host.degraded('error', error))
    this.#cancelRounds = this.#clock.after(takeOverEvery, () => this.#rounds())
  }

  async #takeOver(): Promise<void> {
    for (const { id, what } of await this.#intents.takeOver()) {
      this.#takenOver++
      void this.#enter(what, [id])
    }
  }

  /** Nothing keeps what is left: first purges get some time, and second ones come early rather than never. */
  async #finish(): Promise<void> {
    const now = this.#clock.now()
    for (const job of this.#jobs.all()) {
      for (const mark of job.marks) Object.assign(mark, { ripeAt: now })
      if (!job.busy) this.#jobs.schedule([job], now, now)
    }
    if (this.#jobs.size === 0) return
    let cancel = () => {}
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(closing, resolve)
    })
    await Promise.race([this.#dispatch.idle(), late])
    cancel()
  }
}
