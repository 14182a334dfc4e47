import type { Clock } from '@tierstack/cache-core'
import type { DatabaseFile } from './database-file.ts'

const restMs = 1_000
const busyMs = 10

/** Frees space behind the back of the verbs: a step now and then, sooner while there is more to do. */
export class Sweeper {
  readonly #file: DatabaseFile
  readonly #clock: Clock
  #cancel: (() => void) | undefined

  constructor(file: DatabaseFile, clock: Clock) {
    this.#file = file
    this.#clock = clock
    this.#rest(restMs)
  }

  stop(): void {
    this.#cancel?.()
  }

  #rest(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => this.#rest(this.#step() ? busyMs : restMs))
  }

  /** Returns whether there may be more to do. */
  #step(): boolean {
    const opened = this.#file.opened
    if (opened === undefined) return false
    try {
      const now = this.#clock.wall()
      if (!opened.space.due(now)) return false
      opened.transaction(() => opened.space.sweep(now))
      return true
    } catch (error) {
      this.#file.failed(opened, error)
      return false
    }
  }
}
