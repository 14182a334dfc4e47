/** A removal on its way: how many of its names still want their first purge, and how many their last. */
export interface Pending {
  unled: number
  left: number
  /** All names were purged once. */
  readonly led: () => void
  /** All names were purged for the last time. */
  readonly done: () => void
}

/** One removal's interest in one name. */
export interface Mark {
  readonly pending: Pending
  /** When the removal was made, `clock.now()`. */
  readonly at: number
  /** A purge that begins at or after this instant is the last one it needs. */
  readonly ripeAt: number
  led: boolean
}

/** A name to be purged, for all removals that want it. */
export interface Job {
  readonly name: string
  /** Name that covers it and others. */
  readonly group: string | undefined
  soft: boolean
  marks: Mark[]
  /** In a call at the moment. */
  busy: boolean
  /** When the last call with it began. */
  lastAt: number
  /** When it is to be purged next. */
  due: number
  /** The largest call it may be part of: halved when a larger one was refused. */
  cap: number
}

/** Names to be purged: at once, in order, or later. */
export class Jobs {
  readonly #all = new Map<string, Job>()
  readonly #ready = new Set<Job>()
  /** Sorted by instant. */
  readonly #later: { readonly due: number; readonly jobs: readonly Job[] }[] = []

  get size(): number {
    return this.#all.size
  }

  get ready(): ReadonlySet<Job> {
    return this.#ready
  }

  all(): IterableIterator<Job> {
    return this.#all.values()
  }

  /** The name's job, made when there is none. */
  of(name: string, group: string | undefined, soft: boolean): Job {
    const known = this.#all.get(name)
    if (known !== undefined) {
      // Hard beats soft.
      known.soft &&= soft
      return known
    }
    const made: Job = {
      name,
      group,
      soft,
      marks: [],
      busy: false,
      lastAt: Number.NEGATIVE_INFINITY,
      due: Number.POSITIVE_INFINITY,
      cap: Number.POSITIVE_INFINITY,
    }
    this.#all.set(name, made)
    return made
  }

  /** To be purged at `due`, or at once when that is now. A job in a call comes back when the call ends. */
  schedule(jobs: readonly Job[], due: number, now: number): void {
    for (const job of jobs) job.due = due
    if (due <= now) {
      for (const job of jobs) if (!job.busy) this.#ready.add(job)
      return
    }
    let at = this.#later.length
    while (at > 0 && (this.#later[at - 1] as { due: number }).due > due) at--
    this.#later.splice(at, 0, { due, jobs })
  }

  /** Moves what has become due; returns when the next will. */
  ripen(now: number): number {
    let next = this.#later[0]
    while (next !== undefined && next.due <= now) {
      this.#later.shift()
      for (const job of next.jobs) if (!job.busy && job.due <= now && this.#has(job)) this.#ready.add(job)
      next = this.#later[0]
    }
    return next?.due ?? Number.POSITIVE_INFINITY
  }

  take(job: Job): void {
    this.#ready.delete(job)
    job.busy = true
  }

  /** Its marks went to another job, or none are left. */
  drop(job: Job): void {
    this.#ready.delete(job)
    if (this.#has(job)) this.#all.delete(job.name)
  }

  /** Moves the marks of jobs to the one whose name covers theirs, to be purged at once. */
  cover(name: string, jobs: readonly Job[], now: number): void {
    const cover = this.of(
      name,
      undefined,
      jobs.every(({ soft }) => soft),
    )
    for (const job of jobs) {
      for (const mark of job.marks) cover.marks.push(mark)
      job.marks = []
      this.drop(job)
    }
    this.schedule([cover], now, now)
  }

  #has(job: Job): boolean {
    return this.#all.get(job.name) === job
  }
}
