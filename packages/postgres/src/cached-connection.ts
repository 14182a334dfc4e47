import { keyTexts } from './key-condition.ts'
import type { Plan } from './plan.ts'
import { anyRowTag, rowTag, tableTag } from './tags.ts'

/** One statement on its way. `shape` is what besides text and values decides how the result looks. */
export interface Asked<R, S> {
  readonly text: string
  readonly values: readonly unknown[]
  readonly shape: string
  /** The caller wants it from the database, whatever it is. */
  readonly uncached?: boolean
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

/** The cached queries of a database, as one of its connections uses them. */
export interface SharedQueries {
  plans(text: string): Promise<{ readonly plans: readonly Plan[] }>
  mayCache(plan: Plan): boolean
  read<R, S>(plan: Plan, asked: Asked<R, S>): Promise<R>
  invalidate(tags: ReadonlySet<string>): Promise<void>
  /** The structure of the database has changed. */
  forget(): void
}

export class Connection implements CachedConnection {
  readonly #queries: SharedQueries
  /** Tags of what the open transaction wrote; undefined outside of one. */
  #written: Set<string> | undefined
  /** Settings of the connection may differ from those of others. */
  #apart = false
  #structure = false

  constructor(queries: SharedQueries) {
    this.#queries = queries
  }

  async run<R, S>(asked: Asked<R, S>): Promise<R> {
    let known: Awaited<ReturnType<SharedQueries['plans']>>
    try {
      known = await this.#queries.plans(asked.text)
    } catch {
      // The catalog can't be read: then nor can what the statement may have changed, and the statement will say why.
      return await asked.execute()
    }
    const [plan] = known.plans
    const alone = known.plans.length === 1
    const mayRead = alone && !asked.uncached && this.#written === undefined && !this.#apart
    if (mayRead && plan && this.#queries.mayCache(plan)) return await this.#queries.read(plan, asked)
    let result: R
    try {
      result = await asked.execute()
    } catch (error) {
      // It may have been committed all the same, when the answer was lost.
      await this.#settle(known.plans, asked.values, true)
      throw error
    }
    await this.#settle(known.plans, asked.values, false)
    return result
  }

  begin(): void {
    this.#written ??= new Set()
  }

  async commit(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } finally {
      await this.#committed()
    }
  }

  async rollback(work: () => Promise<void>): Promise<void> {
    this.#written = undefined
    await work()
  }

  async #settle(plans: readonly Plan[], values: readonly unknown[], failed: boolean): Promise<void> {
    const tags = new Set<string>()
    for (const plan of plans) {
      // What comes before it in the same text is part of the transaction, unless it was committed in between.
      if (plan.verb === 'begin' && !failed) this.#written ??= new Set(tags)
      else if (plan.verb === 'commit') {
        await this.#committed()
        if (plan.chain) this.#written = new Set()
      } else if (plan.verb === 'rollback') this.#written = plan.chain ? new Set() : undefined
      else if (plan.verb === 'session') this.#apart = true
      else for (const tag of tagsOf(plan, values)) (this.#written ?? tags).add(tag)
      if (plan.verb === 'schema' || plan.verb === 'anything') this.#structure = true
    }
    if (this.#written === undefined) await this.#apply(tags)
    else await this.#queries.invalidate(tags)
  }

  async #committed(): Promise<void> {
    const written = this.#written
    this.#written = undefined
    await this.#apply(written ?? new Set())
  }

  async #apply(tags: ReadonlySet<string>): Promise<void> {
    if (this.#structure) this.#queries.forget()
    this.#structure = false
    await this.#queries.invalidate(tags)
  }
}

/** What a statement that was executed may have changed. */
function tagsOf(plan: Plan, values: readonly unknown[]): string[] {
  const { verb, tables, row } = plan
  if (verb === 'read' || verb === 'pass') return []
  if (verb === 'insert' && !plan.updates) return tables.map((table) => tableTag(table))
  const keys = row && keyTexts(row, values)
  return tables.flatMap((table) =>
    row && keys && table === row.table
      ? [tableTag(table), ...keys.map((one) => rowTag(table, ...one))]
      : [tableTag(table), anyRowTag(table)],
  )
}
