import type { LedgerWriter } from './ledger.ts'
import type { History } from './history.ts'
import { sharedNow } from './shared-time.ts'
import type { Committed } from './source.ts'
import type { Promised } from './subjects/subject.ts'

/**
 * Which versions this process may take for acknowledged, and since when. What a receipt calls queued is promised to
 * this process at once, and to the others from the instant at which nothing is queued any more.
 */
export class Promises {
  promised = 0
  readonly #ledger: LedgerWriter
  readonly #history: History
  #waiting: Committed[] = []

  constructor(ledger: LedgerWriter, history: History) {
    this.#ledger = ledger
    this.#history = history
  }

  get waiting(): number {
    return this.#waiting.length
  }

  given(committed: readonly Committed[], to: Promised, how: string): void {
    const now = sharedNow()
    for (const { key, version } of committed) this.#history.noteOwn(key, version, now, `by ${how} (${to})`)
    if (to === 'everyone') this.#toEveryone(committed, now)
    else this.#waiting.push(...committed)
  }

  /** To be called again and again with the number of removals that the cache still has to confirm. */
  confirm(queued: number): void {
    if (queued > 0 || this.#waiting.length === 0) return
    const confirmed = this.#waiting
    this.#waiting = []
    this.#toEveryone(confirmed, sharedNow())
  }

  #toEveryone(committed: readonly Committed[], at: number): void {
    for (const { key, version } of committed) this.#ledger.acknowledged(key, version, at)
    this.promised += committed.length
  }
}
