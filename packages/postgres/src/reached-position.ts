import type { Lsn } from './lsn.ts'

/** The server may have been restored from a copy meanwhile, whose log would pass here for the one that we know. */
const keptMs = 60_000

/**
 * How far the log is known to be done with. A slot's own position is written down by the server at checkpoints only: one
 * that was killed sends again what was confirmed since, minutes of changes ahead of the first new one. Whoever knows
 * better says where to begin.
 */
export class ReachedPosition {
  #history = ''
  #position: Lsn = 0n
  #notedAt = 0
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Everything before `position` of this server's log was applied and confirmed. */
  note(history: string, position: Lsn): void {
    if (history !== this.#history) {
      this.#history = history
      this.#position = 0n
    }
    // A server that was killed tells of an earlier one.
    if (position < this.#position) return
    this.#position = position
    this.#notedAt = this.#now()
  }

  /** Where to begin on a server whose log ends at `end`: 0 for the slot's own position, which counts if it is further. */
  start(history: string, end: Lsn): Lsn {
    const known = history === this.#history && this.#now() - this.#notedAt < keptMs
    return known && this.#position <= end ? this.#position : 0n
  }
}
