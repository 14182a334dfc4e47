import type { Clock } from '@tierstack/cache-core'
import type { Right } from './queue-file.ts'

interface Watched {
  readonly right: Right
  readonly since: number
  /** How long it had left then, ms. */
  readonly left: number
}

/**
 * Whether the rights of other workers stand. The wall clock, which all processes share, tells how long one has left that
 * is met for the first time, `holdMs` at most; from then on our own clock counts, which never jumps. Set back, the wall
 * clock would let the right of a dead worker stand until it is there again, and set forward, it would end that of a live one.
 */
export class WatchedRights {
  readonly #clock: Clock
  readonly #watched = new Map<string, Watched>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  stands(topic: string, right: Right, holdMs: number): boolean {
    const watched = this.#watched.get(topic)
    const now = this.#clock.now()
    if (watched?.right.worker === right.worker && watched.right.until === right.until)
      return now - watched.since < watched.left
    const left = Math.min(right.until - this.#clock.wall(), holdMs)
    this.#watched.set(topic, { right, since: now, left })
    return left > 0
  }
}
