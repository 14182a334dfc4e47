import type { Chain } from './chain.ts'
import type { Events } from './events.ts'
import type { RemovalFence } from './fence.ts'
import { canonical } from './key.ts'
import type { Shelf } from './local-tier.ts'
import type { Locals } from './locals.ts'
import type { Query } from './query.ts'
import { emitHit, noteEntry } from './deliver.ts'
import { readScopes } from './read-scope.ts'

/**
 * Hits in the nearest tier that need no second look, of one definition or of the raw keys of a namespace: the whole cost
 * of most reads. The key is built only when somebody wants to know it.
 */
export class Near {
  readonly #chain: Chain
  readonly #query: Pick<Query, 'def' | 'counters'>
  readonly #prefix: string
  readonly #keyOf: (part: unknown) => string
  /** Inputs that aren't primitives are found by their text: shelves by its first character. */
  readonly #texts = new Map<string, Shelf>()
  // What follows is in the chain and the query too: each step there would be paid by every hit.
  readonly #shelf: Shelf
  readonly #locals: Locals
  readonly #fence: RemovalFence
  readonly #listeners: Events['on']
  /** Whether the hit that was looked for last is in no local tier at all. */
  absent = false
  readonly #onlyTier: boolean
  readonly #counts: Float64Array
  readonly #saved: number

  /** `prefix` is what all keys begin with; `keyOf` builds the key of what `hit` is given. */
  constructor(
    chain: Chain,
    query: Pick<Query, 'def' | 'counters'>,
    prefix: string,
    keyOf: (part: unknown) => string,
  ) {
    this.#chain = chain
    this.#query = query
    this.#prefix = prefix
    this.#keyOf = keyOf
    this.#shelf = chain.locals.shelf(prefix)
    this.#locals = chain.locals
    this.#fence = chain.fence
    this.#listeners = chain.events.on
    this.#onlyTier = chain.locals.tiers.length <= 1
    this.#counts = query.counters.hitsAndSaved
    this.#saved = this.#counts.length - 1
  }

  /** The value, or undefined. Counts the hit. Allocates nothing for primitives. */
  hit(part: unknown): unknown {
    if (typeof part === 'object' && part !== null) return this.#hitText(part)
    return this.#take(this.#shelf, part, part)
  }

  #hitText(part: object): unknown {
    const text = canonical(part)
    const kind = text.slice(0, 1)
    let shelf = this.#texts.get(kind)
    if (shelf === undefined) {
      shelf = this.#locals.shelf(this.#prefix + kind)
      this.#texts.set(kind, shelf)
    }
    return this.#take(shelf, text.slice(1), part)
  }

  #take(shelf: Shelf, input: unknown, part: unknown): unknown {
    const place = shelf.find(input, this.#locals.instant(), this.#fence.marked)
    if (place < 0) {
      this.absent = place === -1 && this.#onlyTier
      return undefined
    }
    const counts = this.#counts
    counts[0] = (counts[0] as number) + 1
    counts[this.#saved] = (counts[this.#saved] as number) + shelf.loadMs(place)
    const value = shelf.value(place)
    if (this.#listeners.hit !== undefined || readScopes.open > 0) this.#tell(part)
    return value
  }

  #tell(part: unknown): void {
    const chain = this.#chain
    if (chain.events.on.hit) emitHit(chain, this.#query, this.#keyLater(part), 0, 'fresh')
    if (readScopes.open === 0) return
    const key = this.#keyOf(part)
    const entry = chain.locals.tiers[0]?.inspect(key)
    if (entry !== undefined) noteEntry(chain, key, entry, 0)
  }

  /** The key for listeners, most of whom don't ask for it. What may be changed until then is looked at now. */
  #keyLater(part: unknown): () => string {
    if (typeof part !== 'object') return () => this.#keyOf(part)
    const key = this.#keyOf(part)
    return () => key
  }
}
