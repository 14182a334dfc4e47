import type { Plan } from './plan.ts'
import { isRefusal } from './unsettled.ts'
import { writtenTags } from './written-tags.ts'

/** One statement on its way. `shape` is what besides text and values decides how the result looks. */
export interface Asked<R, S> {
  readonly text: string
  readonly values: readonly unknown[]
  readonly shape: string
  /** The caller wants it from the database, whatever it is. */
  readonly uncached?: boolean
  /** Does somebody wait for the connection that the caller holds? */
  readonly awaited?: (() => boolean) | undefined
  readonly execute: () => Promise<R>
  /** The result as plain values, and back. */
  readonly pack: (result: R) => S
  readonly unpack: (stored: S) => R
  /** How many rows it has. */
  readonly count: (stored: S) => number
}

/** Follows one connection. */
export interface CachedConnection {
  run<R, S>(asked: Asked<R, S>): Promise<R>
  /** The adapter began or ended a transaction by other means than a statement. */
  begin(): void
  commit(work: () => Promise<void>): Promise<void>
  rollback(work: () => Promise<void>): Promise<void>
}

/** The statements of a text. */
export interface Planned {
  readonly plans: readonly Plan[]
  /** Which database it is, and as whom; undefined while the database can't be asked: then nothing is cached. */
  readonly place: string | undefined
}

/** The cached queries of a database, as one of its connections uses them. */
export interface SharedQueries {
  plans(text: string): Promise<Planned>
  mayCache(plan: Plan): boolean
  read<R, S>(plan: Plan, place: string, asked: Asked<R, S>): Promise<R>
  invalidate(tags: ReadonlySet<string>): Promise<void>
  /** Whether these were written isn't known yet. */
  unsettled(tags: ReadonlySet<string>): void
  /** The structure of the database has changed. */
  forget(): void
}

export class Connection implements CachedConnection {
  readonly #queries: SharedQueries
  /** Tags of what the open transaction wrote; undefined outside of one. */
  #written: Set<string> | undefined
  /** Transactions that were asked for and didn't begin yet. */
  #beginning = 0
  /** Settings of the connection may differ from those of others. */
  #apart = false
  #structure = false
  /** The statement before has been sent, or is answered from the cache. */
  #sent: Promise<void> | undefined
  readonly #reads = new Set<Promise<unknown>>()

  constructor(queries: SharedQueries) {
    this.#queries = queries
  }

  async run<R, S>(asked: Asked<R, S>): Promise<R> {
    const before = this.#sent
    const turn = Promise.withResolvers<void>()
    this.#sent = turn.promise
    // In the order in which they were asked for: a look at tables may take longer for one than for the next.
    if (before) await before
    try {
      const known = await this.#queries.plans(asked.text)
      const reading = this.#fromCache(known, asked)
      if (reading) return await this.#followed(reading, turn.resolve)
      // They may still be sent, and must not see what this one writes.
      if (this.#reads.size > 0) await Promise.allSettled(this.#reads)
      return await this.#send(known.plans, asked, turn.resolve)
    } finally {
      turn.resolve()
    }
  }

  begin(): void {
    this.#written ??= new Set()
  }

  async commit(work: () => Promise<void>): Promise<void> {
    let failed: unknown
    try {
      await work()
    } catch (error) {
      failed = error ?? new Error('COMMIT failed')
      throw error
    } finally {
      await this.#committed(failed)
    }
  }

  async rollback(work: () => Promise<void>): Promise<void> {
    this.#written = undefined
    await work()
  }

  #fromCache<R, S>({ plans, place }: Planned, asked: Asked<R, S>): Promise<R> | undefined {
    const [plan] = plans
    if (plan === undefined || plans.length > 1 || place === undefined) return undefined
    if (asked.uncached || this.#written !== undefined || this.#beginning > 0 || this.#apart) return undefined
    if (!this.#queries.mayCache(plan)) return undefined
    return asked.awaited
      ? unlessAwaited(asked, asked.awaited, (own) => this.#queries.read(plan, place, own))
      : this.#queries.read(plan, place, asked)
  }

  async #followed<R>(reading: Promise<R>, sent: () => void): Promise<R> {
    this.#reads.add(reading)
    sent()
    try {
      return await reading
    } finally {
      this.#reads.delete(reading)
    }
  }

  async #send<R, S>(plans: readonly Plan[], asked: Asked<R, S>, sent: () => void): Promise<R> {
    const begins = plans.some(({ verb }) => verb === 'begin')
    if (plans.some(({ verb }) => verb === 'session')) this.#apart = true
    if (begins) this.#beginning++
    let result: R
    try {
      const answer = asked.execute()
      sent()
      result = await answer
    } catch (error) {
      // It may have been committed all the same, when the answer was lost.
      if (begins) this.#beginning--
      await this.#settle(plans, asked.values, error ?? new Error('it failed'))
      throw error
    }
    if (begins) this.#beginning--
    await this.#settle(plans, asked.values, undefined)
    return result
  }

  async #settle(plans: readonly Plan[], values: readonly unknown[], failed: unknown): Promise<void> {
    const tags = new Set<string>()
    for (const plan of plans) {
      // What comes before it in the same text is part of the transaction, unless it was committed in between.
      if (plan.verb === 'begin' && failed === undefined) this.#written ??= new Set(tags)
      else if (plan.verb === 'commit') {
        await this.#committed(failed)
        if (plan.chain) this.#written = new Set()
      } else if (plan.verb === 'rollback') this.#written = plan.chain ? new Set() : undefined
      else for (const tag of writtenTags(plan, values)) (this.#written ?? tags).add(tag)
      if (plan.verb === 'schema' || plan.verb === 'anything') this.#structure = true
    }
    if (this.#written === undefined) await this.#apply(tags, failed)
    else await this.#queries.invalidate(tags)
  }

  async #committed(failed: unknown): Promise<void> {
    const written = this.#written
    this.#written = undefined
    await this.#apply(written ?? new Set(), failed)
  }

  async #apply(tags: ReadonlySet<string>, failed: unknown): Promise<void> {
    if (this.#structure) this.#queries.forget()
    this.#structure = false
    if (failed !== undefined && !isRefusal(failed)) this.#queries.unsettled(tags)
    await this.#queries.invalidate(tags)
  }
}

const lookAfter = 50

/**
 * The load that it shares may be one that waits for a connection, which nobody gives back before he has his answer: then
 * it is executed on the connection at hand.
 */
async function unlessAwaited<R, S>(
  asked: Asked<R, S>,
  awaited: () => boolean,
  read: (asked: Asked<R, S>) => Promise<R>,
): Promise<R> {
  let executes = false
  const own = {
    ...asked,
    execute: () => {
      executes = true
      return asked.execute()
    },
  }
  const apart = Promise.withResolvers<R>()
  const looks = setInterval(() => {
    if (executes) clearInterval(looks)
    else if (awaited()) {
      clearInterval(looks)
      apart.resolve(asked.execute())
    }
  }, lookAfter)
  try {
    return await Promise.race([read(own), apart.promise])
  } finally {
    clearInterval(looks)
  }
}
