import type { Clock, EdgeHost, EdgeOutcome, EdgePurge } from '@tierstack/cache-core'
import type { Provider, PurgeBatch, PurgeVerdict } from '../provider.ts'
import { backoff } from './backoff.ts'
import { Buckets } from './buckets.ts'
import { escalate } from './escalate.ts'
import { Jobs } from './jobs.ts'
import type { Job, Mark, Pending } from './jobs.ts'
import type { DeadLetter, PurgeLane } from './purge-queue.ts'
import { send } from './send.ts'
import type { Fetch } from './send.ts'

/** A name to purge, with the name that covers it and others. */
export interface PurgeName {
  readonly name: string
  readonly group: string | undefined
}

export interface EngineOptions {
  readonly provider: Provider
  readonly lane: PurgeLane
  readonly durable: boolean
  readonly host: EdgeHost
  readonly fetch: Fetch
  readonly random: () => number
  /** What a removal purges. */
  readonly namesOf: (what: EdgePurge) => readonly PurgeName[]
  /** The name of all pages. */
  readonly all: string
  /** For an edge without tags: the addresses of pages that carry one of the names. */
  readonly urlsOf: ((names: readonly string[]) => readonly string[]) | undefined
  /** How long after a removal its second purge comes, ms; `0` for none. */
  readonly window: number
  /** How long after a removal its first purge comes, ms. */
  readonly lead: number
  /** Least time between two purges of one name, ms. */
  readonly spacing: number
  /** How long a removal waits for its first purge, ms. */
  readonly wait: number
  readonly timeout: number
  readonly maxDelay: number
  readonly maxBackoff: number
  readonly share: number
}

export interface PurgeStats {
  /** Calls made. */
  calls: number
  /** Names purged, each time it was. */
  purged: number
  failures: number
  /** Answers that asked us to slow down. */
  throttled: number
  /** Times that names were given up for one that covers them. */
  escalated: number
  dead: number
  /** Removals taken over from processes that died. */
  takenOver: number
}

const takeOverEvery = 5_000
/** An announced removal of which nothing more was heard. */
const lapse = 60_000
/** Longest time to get first purges out before closing, where nothing keeps them. */
const closing = 3_000

/**
 * Purges names at one edge: first when a removal was made, and again after the responses that were under way then have
 * arrived (they were made of old rows, and the edge keeps them after the first purge).
 *
 * Names wait in `jobs`, one job per name whatever the number of removals that want it. One pass over what is ready
 * starts as many calls as the vendor's buckets allow; everything else is a timer that starts the next pass.
 */
export class PurgeEngine {
  readonly stats: PurgeStats = {
    calls: 0,
    purged: 0,
    failures: 0,
    throttled: 0,
    escalated: 0,
    dead: 0,
    takenOver: 0,
  }
  readonly #o: EngineOptions
  readonly #clock: Clock
  readonly #jobs = new Jobs()
  readonly #buckets: Buckets
  /** Removals written down, of which the purge hasn't been asked for yet. */
  readonly #announced = new Map<string, { readonly ids: number[]; readonly at: number }>()
  #settled: number[] = []
  #calls = 0
  #attempts = 0
  #pausedUntil = 0
  #downSince: number | undefined
  #cancelTimer = () => {}
  #cancelRounds = () => {}
  #timerAt = Number.POSITIVE_INFINITY
  #passing = false
  #closed = false
  #idle: (() => void) | undefined

  constructor(options: EngineOptions) {
    this.#o = options
    this.#clock = options.host.clock
    this.#buckets = new Buckets(options.provider.contract.buckets, options.share, this.#clock.now())
    this.#rounds()
  }

  /** Removals that still want a purge. */
  get pending(): number {
    return this.#jobs.size
  }

  /** Since when purges don't get through, `clock.now()`: since the first failure, or the oldest removal not purged. */
  get lagSince(): number | undefined {
    for (const { marks } of this.#jobs.ready) {
      const oldest = marks.find(({ led }) => !led)
      if (oldest !== undefined) return Math.min(oldest.at, this.#downSince ?? oldest.at)
      break
    }
    return this.#downSince
  }

  async announce(what: EdgePurge): Promise<void> {
    const id = await this.#o.lane.put(what)
    const key = JSON.stringify(what)
    const known = this.#announced.get(key)
    if (known === undefined) this.#announced.set(key, { ids: [id], at: this.#clock.now() })
    else known.ids.push(id)
  }

  async purge(what: EdgePurge): Promise<EdgeOutcome> {
    if (this.#closed) throw new Error('the edge is closed')
    const key = JSON.stringify(what)
    let ids = this.#announced.get(key)?.ids
    this.#announced.delete(key)
    let written = this.#o.durable
    try {
      ids ??= [await this.#o.lane.put(what)]
    } catch (error) {
      // Not written down, but not forgotten either, as long as this process lives.
      written = false
      this.#o.host.degraded('error', error)
    }
    const purged = this.#enter(what, ids ?? [])
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
    return this.#o.lane.dead()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    if (!this.#o.durable) await this.#finish()
    this.#closed = true
    this.#cancelTimer()
    this.#cancelRounds()
    await this.#flush()
    await this.#o.lane.close()
  }

  /** Marks every name of a removal; resolves when each was purged once. */
  #enter(what: EdgePurge, ids: readonly number[]): Promise<void> {
    const now = this.#clock.now()
    const { lead, spacing, window } = this.#o
    const names = this.#o.namesOf(what)
    return new Promise((resolve) => {
      const pending: Pending = {
        ids,
        unled: names.length,
        left: names.length,
        led: resolve,
        done: () => this.#settled.push(...ids),
      }
      if (names.length === 0) {
        pending.done()
        resolve()
      }
      const mark = { pending, at: now, ripeAt: now + lead + window }
      const soon: Job[] = []
      for (const { name, group } of names) {
        const job = this.#jobs.of(name, group, what.soft === true && this.#o.provider.contract.soft)
        job.marks.push({ ...mark, led: false })
        const due = Math.max(now + lead, job.lastAt + spacing)
        if (due <= now + lead) soon.push(job)
        else if (due < job.due || job.due <= now) this.#jobs.schedule([job], due, now)
      }
      this.#jobs.schedule(soon, now + lead, now)
      this.#pass()
    })
  }

  /** Starts the calls that may go out now, and sets the timer for the next pass. */
  #pass(): void {
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
        const jobs = this.#pick()
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

  #wakeAt(at: number, now: number): void {
    if (at === this.#timerAt) return
    this.#cancelTimer()
    this.#timerAt = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#cancelTimer = this.#clock.after(Math.max(1, at - now), () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#pass()
    })
  }

  /** Gives up names for ones that cover them, until the rest is through in time. */
  #escalate(now: number): void {
    const { contract } = this.#o.provider
    while (this.#buckets.eta(this.#jobs.ready.size, contract.perCall, now) > this.#o.maxDelay) {
      const step = escalate(this.#jobs.ready, this.#o.all)
      if (step === undefined) return
      this.stats.escalated++
      this.#cover(step.name, step.jobs, now)
    }
  }

  /** Moves the marks of jobs to one whose name covers theirs. */
  #cover(name: string, jobs: readonly Job[], now: number): void {
    const cover = this.#jobs.of(
      name,
      undefined,
      jobs.every(({ soft }) => soft),
    )
    for (const job of jobs) {
      for (const mark of job.marks) cover.marks.push(mark)
      job.marks = []
      this.#jobs.drop(job)
    }
    this.#jobs.schedule([cover], now, now)
  }

  /** The next call's jobs: all hard or all soft, within the limits of a call. */
  #pick(): readonly Job[] {
    const { perCall, maxBodyBytes } = this.#o.provider.contract
    let most = Math.min(perCall, this.#buckets.most)
    let bytes = 0
    let soft: boolean | undefined
    const jobs: Job[] = []
    for (const job of this.#jobs.ready) {
      if (soft !== undefined && job.soft !== soft) continue
      most = Math.min(most, Math.max(job.cap, jobs.length))
      // Quotes and a comma; the rest of a body is small.
      bytes += job.name.length + 4
      if (jobs.length >= most || (jobs.length > 0 && bytes > maxBodyBytes - 512)) break
      soft = job.soft
      jobs.push(job)
    }
    return jobs
  }

  async #call(jobs: readonly Job[], began: number): Promise<void> {
    const marks = jobs.map((job) => {
      const { marks } = job
      job.marks = []
      return marks
    })
    let verdict: PurgeVerdict = { ok: true }
    const names = jobs.map(({ name }) => name)
    for (const batch of this.#batches(names, jobs[0]?.soft === true)) {
      this.stats.calls++
      verdict = await send(this.#o.provider, batch, {
        fetch: this.#o.fetch,
        clock: this.#clock,
        timeout: this.#o.timeout,
      })
      if (!verdict.ok) break
    }
    this.#calls--
    const now = this.#clock.now()
    for (const job of jobs) job.busy = false
    if (verdict.ok) this.#succeeded(jobs, marks, began, now)
    else await this.#failed(jobs, marks, verdict, now)
    this.#pass()
  }

  /** One batch, or as many as the pages' addresses take. */
  #batches(names: readonly string[], soft: boolean): readonly PurgeBatch[] {
    const { urlsOf, provider } = this.#o
    if (urlsOf === undefined) return [{ kind: 'tags', names, soft }]
    const urls = urlsOf(names)
    const { perCall } = provider.contract
    return Array.from({ length: Math.ceil(urls.length / perCall) }, (_, i) => ({
      kind: 'urls',
      names: urls.slice(i * perCall, (i + 1) * perCall),
      soft,
    }))
  }

  #succeeded(jobs: readonly Job[], marks: readonly (readonly Mark[])[], began: number, now: number): void {
    this.stats.purged += jobs.length
    this.#reached()
    const again = new Map<number, Job[]>()
    for (const [i, job] of jobs.entries()) {
      job.cap = Number.POSITIVE_INFINITY
      for (const mark of marks[i] as readonly Mark[]) {
        this.#purged(mark)
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
    if (this.#settled.length > 0) this.#clock.after(20, () => void this.#flush())
  }

  /** The vendor answers, and knows us. */
  #reached(): void {
    this.#attempts = 0
    if (this.#downSince === undefined) return
    this.#downSince = undefined
    this.#o.host.recovered()
  }

  #purged(mark: Mark): void {
    if (mark.led) return
    mark.led = true
    if (--mark.pending.unled === 0) mark.pending.led()
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
    verdict: Extract<PurgeVerdict, { ok: false }>,
    now: number,
  ): Promise<void> {
    const { host, random, maxBackoff } = this.#o
    this.stats.failures++
    for (const [i, job] of jobs.entries()) job.marks.unshift(...(marks[i] as readonly Mark[]))
    const [only] = jobs
    // That not even the name of everything is taken has nothing to do with names.
    const misled = verdict.why === 'refused' && jobs.length === 1 && only?.name === this.#o.all
    if ((verdict.why === 'split' || verdict.why === 'refused') && !misled) {
      this.#reached()
      // In halves, until the one that is wrong is alone.
      for (const job of jobs) job.cap = Math.max(1, Math.ceil(jobs.length / 2))
      if (jobs.length === 1 && only !== undefined) await this.#bury(only, verdict.error, now)
      else this.#jobs.schedule(jobs, now, now)
      return
    }
    if (verdict.why === 'after') {
      this.stats.throttled++
      this.#pausedUntil = now + (verdict.afterMs ?? 1_000)
    } else {
      // Refused credentials are tried again too: they may have been renewed.
      const own = backoff(this.#attempts++, maxBackoff, random)
      this.#pausedUntil = now + Math.max(own, verdict.afterMs ?? 0)
      this.#downSince ??= now
      host.degraded('error', new Error(`${this.#o.provider.name}: ${verdict.error}`))
    }
    this.#jobs.schedule(jobs, now, now)
  }

  /** A name that the vendor never takes: everything is purged in its place, so that its pages go all the same. */
  async #bury(job: Job, error: string, now: number): Promise<void> {
    this.stats.dead++
    const letter = { name: job.name, error, at: this.#clock.wall() }
    this.#o.host.warn({
      check: 'purge-refused',
      found: `${this.#o.provider.name} refuses to purge one name: ${error.slice(0, 200)}.`,
      fix: 'Look at `deadLetters()` of the edge; everything of the namespace was purged in its place.',
    })
    await this.#o.lane.bury(letter).catch(() => {})
    this.#cover(this.#o.all, [job], now)
  }

  async #flush(): Promise<void> {
    const ids = this.#settled
    this.#settled = []
    // What can't be struck out is purged once more by somebody, which does no harm.
    if (ids.length > 0) await this.#o.lane.settle(ids).catch(() => {})
  }

  /** Now and then: what dead processes left, and what was announced and forgotten. */
  #rounds(): void {
    if (this.#closed) return
    const now = this.#clock.now()
    for (const [key, { ids, at }] of this.#announced) {
      if (now - at < lapse) continue
      this.#announced.delete(key)
      void this.#enter(JSON.parse(key) as EdgePurge, ids)
    }
    void this.#takeOver().catch((error: unknown) => this.#o.host.degraded('error', error))
    this.#cancelRounds = this.#clock.after(takeOverEvery, () => this.#rounds())
  }

  async #takeOver(): Promise<void> {
    for (const { id, what } of await this.#o.lane.takeOver()) {
      this.stats.takenOver++
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
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      cancel = this.#clock.after(closing, resolve)
      this.#pass()
    })
    cancel()
  }
}
