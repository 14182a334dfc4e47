import type { Clock, EdgeHost } from '@tierstack/cache-core'
import type { Provider, PurgeVerdict } from '../provider.ts'
import { backoff } from './backoff.ts'
import { Buckets } from './buckets.ts'
import { escalate } from './escalate.ts'
import type { Job, Jobs, Mark } from './jobs.ts'
import { batchesOf, nextCall } from './next-call.ts'
import type { DeadLetter } from './purge-queue.ts'
import { send } from './send.ts'
import type { Fetch } from './fetch.ts'

export interface DispatchOptions {
  readonly provider: Provider
  readonly host: EdgeHost
  readonly fetch: Fetch
  readonly random: () => number
  /** The name of all pages. */
  readonly all: string
  /** For an edge without tags: the addresses of pages that carry one of the names. */
  readonly urlsOf: ((names: readonly string[]) => readonly string[]) | undefined
  /** Least time between two purges of one name, ms. */
  readonly spacing: number
  readonly timeout: number
  readonly maxDelay: number
  readonly maxBackoff: number
  readonly share: number
}

type Refused = Extract<PurgeVerdict, { ok: false }>

/**
 * Makes the calls that jobs want. One pass over what is ready starts as many as the vendor's buckets allow; everything
 * else is a timer that starts the next pass.
 */
export class Dispatch {
  readonly counters = { calls: 0, purged: 0, failures: 0, throttled: 0, escalated: 0, dead: 0 }
  readonly #o: DispatchOptions
  readonly #clock: Clock
  readonly #jobs: Jobs
  readonly #bury: (letter: DeadLetter) => Promise<void>
  readonly #buckets: Buckets
  #calls = 0
  #attempts = 0
  #pausedUntil = 0
  #downSince: number | undefined
  #cancelTimer = () => {}
  #timerAt = Number.POSITIVE_INFINITY
  #passing = false
  #closed = false
  #idle: (() => void) | undefined

  constructor(options: DispatchOptions, jobs: Jobs, bury: (letter: DeadLetter) => Promise<void>) {
    this.#o = options
    this.#clock = options.host.clock
    this.#jobs = jobs
    this.#bury = bury
    this.#buckets = new Buckets(options.provider.contract.buckets, options.share, this.#clock.now())
  }

  /** When calls began to fail, `clock.now()`; undefined while they get through. */
  get downSince(): number | undefined {
    return this.#downSince
  }

  /** Starts the calls that may go out now, and sets the timer for the next pass. */
  pass(): void {
    if (this.#passing || this.#closed) return
    this.#passing = true
    try {
      for (;;) {
        const now = this.#clock.now()
        const next = this.#jobs.ripen(now)
        if (this.#jobs.ready.size === 0) {
          this.#wakeAt(next, now)
          if (this.#calls === 0) this.#idle?.()
          return
        }
        if (now < this.#pausedUntil) return this.#wakeAt(Math.min(next, this.#pausedUntil), now)
        if (this.#calls >= this.#o.provider.contract.parallel) return
        this.#escalate(now)
        const jobs = nextCall(this.#jobs.ready, this.#o.provider.contract, this.#buckets.most)
        const delay = this.#buckets.delay(jobs.length, now)
        if (delay > 0) return this.#wakeAt(Math.min(next, now + delay), now)
        this.#buckets.take(jobs.length, now)
        for (const job of jobs) {
          this.#jobs.take(job)
          job.lastAt = now
        }
        this.#calls++
        void this.#call(jobs, now)
      }
    } finally {
      this.#passing = false
    }
  }

  /** Resolves when nothing is ready or under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve
      this.pass()
    })
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
  }

  #wakeAt(at: number, now: number): void {
    if (at === this.#timerAt) return
    this.#cancelTimer()
    this.#timerAt = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#cancelTimer = this.#clock.after(Math.max(1, at - now), () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.pass()
    })
  }

  /** Gives up names for ones that cover them, until the rest is through in time. */
  #escalate(now: number): void {
    const { contract } = this.#o.provider
    while (this.#buckets.eta(this.#jobs.ready.size, contract.perCall, now) > this.#o.maxDelay) {
      const step = escalate(this.#jobs.ready, this.#o.all)
      if (step === undefined) return
      this.counters.escalated++
      this.#jobs.cover(step.name, step.jobs, now)
    }
  }

  async #call(jobs: readonly Job[], began: number): Promise<void> {
    const { provider, urlsOf, fetch, timeout } = this.#o
    const marks = jobs.map((job) => {
      const { marks } = job
      job.marks = []
      return marks
    })
    let verdict: PurgeVerdict = { ok: true }
    const names = jobs.map(({ name }) => name)
    for (const batch of batchesOf(names, jobs[0]?.soft === true, urlsOf, provider.contract)) {
      this.counters.calls++
      verdict = await send(provider, batch, { fetch, clock: this.#clock, timeout })
      if (!verdict.ok) break
    }
    this.#calls--
    const now = this.#clock.now()
    for (const job of jobs) job.busy = false
    if (verdict.ok) this.#succeeded(jobs, marks, began, now)
    else await this.#failed(jobs, marks, verdict, now)
    this.pass()
  }

  #succeeded(jobs: readonly Job[], marks: readonly (readonly Mark[])[], began: number, now: number): void {
    this.counters.purged += jobs.length
    this.#reached()
    const again = new Map<number, Job[]>()
    for (const [i, job] of jobs.entries()) {
      job.cap = Number.POSITIVE_INFINITY
      for (const mark of marks[i] as readonly Mark[]) {
        purged(mark)
        if (began < mark.ripeAt) job.marks.push(mark)
        else if (--mark.pending.left === 0) mark.pending.done()
      }
      if (job.marks.length === 0) {
        this.#jobs.drop(job)
        continue
      }
      const due = this.#dueOf(job, now)
      const round = again.get(due)
      if (round === undefined) again.set(due, [job])
      else round.push(job)
    }
    for (const [due, round] of again) this.#jobs.schedule(round, due, now)
  }

  /** The vendor answers, and knows us. */
  #reached(): void {
    this.#attempts = 0
    if (this.#downSince === undefined) return
    this.#downSince = undefined
    this.#o.host.recovered()
  }

  /** What came during the call is due at once; else the second purge, for all who want one together. */
  #dueOf(job: Job, now: number): number {
    let ripe = 0
    for (const { led, ripeAt } of job.marks) {
      if (!led) return Math.max(now, job.lastAt + this.#o.spacing)
      ripe = Math.max(ripe, ripeAt)
    }
    return ripe
  }

  async #failed(
    jobs: readonly Job[],
    marks: readonly (readonly Mark[])[],
    verdict: Refused,
    now: number,
  ): Promise<void> {
    this.counters.failures++
    for (const [i, job] of jobs.entries()) job.marks.unshift(...(marks[i] as readonly Mark[]))
    const [only] = jobs
    // That not even the name of everything is taken has nothing to do with names.
    const misled = verdict.why === 'refused' && jobs.length === 1 && only?.name === this.#o.all
    if ((verdict.why === 'split' || verdict.why === 'refused') && !misled) {
      this.#reached()
      // In halves, until the one that is wrong is alone.
      for (const job of jobs) job.cap = Math.max(1, Math.ceil(jobs.length / 2))
      if (jobs.length === 1 && only !== undefined) await this.#giveUp(only, verdict.error, now)
      else this.#jobs.schedule(jobs, now, now)
      return
    }
    this.#pause(verdict, now)
    this.#jobs.schedule(jobs, now, now)
  }

  #pause(verdict: Refused, now: number): void {
    const { host, provider, random, maxBackoff } = this.#o
    if (verdict.why === 'after') {
      this.counters.throttled++
      this.#pausedUntil = now + (verdict.afterMs ?? 1_000)
      return
    }
    // Refused credentials are tried again too: they may have been renewed.
    const own = backoff(this.#attempts++, maxBackoff, random)
    this.#pausedUntil = now + Math.max(own, verdict.afterMs ?? 0)
    this.#downSince ??= now
    host.degraded('error', new Error(`${provider.name}: ${verdict.error}`))
  }

  /** A name that the vendor never takes: everything is purged in its place, so that its pages go all the same. */
  async #giveUp(job: Job, error: string, now: number): Promise<void> {
    this.counters.dead++
    this.#o.host.warn({
      check: 'purge-refused',
      found: `${this.#o.provider.name} refuses to purge one name: ${error.slice(0, 200)}.`,
      fix: 'Look at `deadLetters()` of the edge; everything of the namespace was purged in its place.',
    })
    await this.#bury({ name: job.name, error, at: this.#clock.wall() })
    this.#jobs.cover(this.#o.all, [job], now)
  }
}

function purged(mark: Mark): void {
  if (mark.led) return
  mark.led = true
  if (--mark.pending.unled === 0) mark.pending.led()
}
