import type { Caching } from '../caching.ts'
import type { Queries } from '../database/queries.ts'
import { drive } from '../load.ts'
import { askCache, askedCities, createQuestions } from '../questions.ts'
import type { ServedReads } from '../served.ts'
import { seededRandom } from '../zipf.ts'
import type { Witness } from './witness.ts'

const readers = 64
const seed = 20_260_102
/** Reads after each edit of the load. */
const readsPerEdit = 20
/** Somebody who forgot it has it stopped after an hour. */
const longestSeconds = 3_600

/** The load that the page starts and stops: the questions of the table, at a pace that one can watch. */
export class Traffic {
  readonly #parts: { readonly caching: Caching; readonly queries: Queries; readonly served: ServedReads }
  readonly #witness: Witness
  #running: { readonly stop: AbortController; readonly over: Promise<unknown> } | undefined

  constructor(
    parts: { readonly caching: Caching; readonly queries: Queries; readonly served: ServedReads },
    witness: Witness,
  ) {
    this.#parts = parts
    this.#witness = witness
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  async start(perSecond: number): Promise<void> {
    const { caching, queries, served } = this.#parts
    const cities = (await queries.citiesByPopulation()).slice(0, askedCities)
    if (this.#running !== undefined) return
    const stop = new AbortController()
    const over = drive({
      ask: askCache(caching, served),
      edit: (id, edit) => this.#witness.edit(id, edit, readsPerEdit),
      questions: createQuestions(cities, seededRandom(seed)),
      readers,
      perSecond,
      seconds: longestSeconds,
      signal: stop.signal,
    })
    this.#running = { stop, over }
    void over.finally(() => {
      this.#running = undefined
    })
  }

  async stop(): Promise<void> {
    this.#running?.stop.abort()
    await this.#running?.over
  }
}
