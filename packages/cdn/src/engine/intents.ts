import type { Clock, EdgePurge } from '@tierstack/cache-core'
import type { DeadLetter, Intent, PurgeLane } from './purge-queue.ts'

/** An announced removal of which nothing more was heard. */
const lapse = 60_000
/** Ids of removals that are done are struck out together, this long after the first, ms. */
const strikeAfter = 200

interface Announced {
  readonly id: number
  readonly at: number
}

/** What is written down of removals: before anybody is told of them, until they are purged for the last time. */
export class Intents {
  readonly #lane: PurgeLane
  readonly #clock: Clock
  /** Written down, of which the purge hasn't been asked for yet. */
  readonly #announced = new Map<string, Announced[]>()
  #done: number[] = []
  #striking = false

  constructor(lane: PurgeLane, clock: Clock) {
    this.#lane = lane
    this.#clock = clock
  }

  async announce(what: EdgePurge): Promise<void> {
    const id = await this.#lane.put(what)
    const key = JSON.stringify(what)
    const announced = { id, at: this.#clock.now() }
    const same = this.#announced.get(key)
    if (same === undefined) this.#announced.set(key, [announced])
    else same.push(announced)
  }

  /**
   * The id of a removal that is to be purged now, written down by its announcement or else here. Of several that want the
   * same, each takes one: whoever still works on the source must find its own when it dies.
   */
  async idOf(what: EdgePurge): Promise<number> {
    const key = JSON.stringify(what)
    const same = this.#announced.get(key)
    const first = same?.shift()
    if (same?.length === 0) this.#announced.delete(key)
    return first?.id ?? (await this.#lane.put(what))
  }

  /** What was announced and then forgotten. */
  lapsed(): readonly { readonly what: EdgePurge; readonly ids: readonly number[] }[] {
    const now = this.#clock.now()
    const found = []
    for (const [key, same] of this.#announced) {
      const young = same.findIndex(({ at }) => now - at < lapse)
      const old = same.splice(0, young < 0 ? same.length : young)
      if (same.length === 0) this.#announced.delete(key)
      if (old.length > 0) found.push({ what: JSON.parse(key) as EdgePurge, ids: old.map(({ id }) => id) })
    }
    return found
  }

  takeOver(): Promise<readonly Intent[]> {
    return this.#lane.takeOver()
  }

  done(ids: readonly number[]): void {
    for (const id of ids) this.#done.push(id)
    if (this.#striking || this.#done.length === 0) return
    this.#striking = true
    this.#clock.after(strikeAfter, () => void this.#strike())
  }

  async bury(letter: DeadLetter): Promise<void> {
    await this.#lane.bury(letter).catch(() => {})
  }

  dead(): Promise<readonly DeadLetter[]> {
    return this.#lane.dead()
  }

  async close(): Promise<void> {
    await this.#strike()
    await this.#lane.close()
  }

  async #strike(): Promise<void> {
    this.#striking = false
    const ids = this.#done
    this.#done = []
    // What can't be struck out is purged once more by somebody, which does no harm.
    if (ids.length > 0) await this.#lane.settle(ids).catch(() => {})
  }
}
