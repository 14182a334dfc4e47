import type { Planned } from './cached-connection.ts'
import { readCatalog } from './catalog.ts'
import type { Catalog } from './catalog.ts'
import type { SqlRow } from './connection.ts'
import { planOf } from './plan.ts'
import type { Plan } from './plan.ts'
import { statements } from './statement.ts'
import { tokenize } from './sql-tokens.ts'
import { everything } from './written-tags.ts'

/** A statement text that changes with every use would fill any memory. */
const mostPlans = 2_000
const longestText = 100_000
const catalogLife = 60_000
const retryCatalog = 5_000

/** What an unreadable text may do. */
const unreadable: Plan = {
  verb: 'anything',
  chain: false,
  tables: [],
  uncached: undefined,
  row: undefined,
  unknown: false,
  updates: true,
}

/** What a process knows of a database whose tables it never could ask for. */
const nothing: Catalog = {
  relations: new Map(),
  opaque: new Set(),
  unstable: new Set(),
  writing: new Set(),
  cascades: new Map(),
  tables: [everything],
  place: '',
}

/** A catalog, and what texts mean by it. */
interface Known {
  readonly catalog: Catalog
  readonly plans: Map<string, readonly Plan[]>
}

/** What statements mean by the structure of the database, which is read once and again when it may have changed. */
export class KnownPlans {
  readonly #ask: (text: string) => Promise<SqlRow[]>
  #known: Promise<Known> | undefined
  /** While the database can't be asked, writes are taken apart by what was known last. */
  #last: Known = { catalog: nothing, plans: new Map() }
  #readAt = 0

  constructor(ask: (text: string) => Promise<SqlRow[]>) {
    this.#ask = ask
  }

  async of(text: string): Promise<Planned> {
    let known: Known
    try {
      known = await this.#now()
    } catch {
      return { plans: planned(text, this.#last), place: undefined }
    }
    const plans = planned(text, known)
    if (plans.some(({ unknown }) => unknown) && performance.now() - this.#readAt > retryCatalog) {
      this.forget()
      return await this.of(text)
    }
    return { plans, place: known.catalog.place }
  }

  /** The structure of the database has changed. */
  forget(): void {
    this.#known = undefined
  }

  #now(): Promise<Known> {
    if (performance.now() - this.#readAt > catalogLife) this.forget()
    if (this.#known === undefined) {
      this.#readAt = performance.now()
      const reading = this.#read()
      reading.catch(() => {
        if (this.#known === reading) this.forget()
      })
      this.#known = reading
    }
    return this.#known
  }

  async #read(): Promise<Known> {
    const catalog = await readCatalog(this.#ask)
    this.#last = { catalog, plans: new Map() }
    return this.#last
  }
}

function planned(text: string, { catalog, plans }: Known): readonly Plan[] {
  const cached = plans.get(text)
  if (cached) return cached
  const tokens = text.length > longestText ? undefined : tokenize(text)
  const made =
    tokens === undefined
      ? [{ ...unreadable, tables: catalog.tables }]
      : statements(tokens).map((one) => planOf(one, catalog))
  if (plans.size >= mostPlans) plans.clear()
  if (!made.some(({ unknown }) => unknown)) plans.set(text, made)
  return made
}
