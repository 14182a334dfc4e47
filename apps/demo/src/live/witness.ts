import type { Caching } from '../caching.ts'
import type { City, CityEdit } from '../database/queries.ts'

/** What became of one edit through the cache. */
export interface Witnessed {
  readonly city: City
  readonly confirmed: readonly string[]
  readonly queued: readonly string[]
  readonly ms: number
  readonly reads: number
  readonly old: number
}

/** Reads after acknowledged edits, and counts those that got an old row: there must be none. */
export class Witness {
  readonly #caching: Caching
  readonly #edits = new Map<number, number>()
  #disturbances = 0
  #reads = 0
  #old = 0

  constructor(caching: Caching) {
    this.#caching = caching
  }

  /** Reads that were made after an acknowledged edit, and how many of them got the row as it was before. */
  get counts(): { readonly reads: number; readonly old: number } {
    return { reads: this.#reads, old: this.#old }
  }

  /** Rows are about to be changed behind the cache: what is being watched for meanwhile can't be judged. */
  disturb(): void {
    this.#disturbances++
  }

  /** Edits through the cache, then reads so many times. Undefined when there is no such city. */
  async edit(id: number, edit: CityEdit, reads: number): Promise<Witnessed | undefined> {
    const own = (this.#edits.get(id) ?? 0) + 1
    this.#edits.set(id, own)
    const disturbances = this.#disturbances
    const began = performance.now()
    const edited = await this.#caching.editCity(id, edit)
    if (edited === undefined) return undefined
    const ms = performance.now() - began
    const { city, receipt } = edited
    let judged = 0
    let old = 0
    for (let i = 0; i < reads; i++) {
      const read = await this.#caching.cityById(id)
      // A later edit of the same city may have shown already.
      if (this.#edits.get(id) !== own || this.#disturbances !== disturbances) break
      judged++
      if (read?.population !== city.population || read.name !== city.name) old++
    }
    this.#reads += judged
    this.#old += old
    // The count of edits of a city is needed while one is watched, not after.
    if (this.#edits.get(id) === own) this.#edits.delete(id)
    return { city, confirmed: receipt.confirmed, queued: receipt.queued, ms, reads: judged, old }
  }
}
