import type { Clock } from './clock.ts'

/** Work that goes on behind the callers: tracked, so that it can be drained, and never an unhandled rejection. */
export class Background {
  readonly #clock: Clock
  readonly #waitUntil: ((work: Promise<unknown>) => void) | undefined
  readonly #running = new Set<Promise<unknown>>()

  constructor(clock: Clock, waitUntil: ((work: Promise<unknown>) => void) | undefined) {
    this.#clock = clock
    this.#waitUntil = waitUntil
  }

  get size(): number {
    return this.#running.size
  }

  run(work: Promise<unknown>): void {
    const forget = (): void => {
      this.#running.delete(tracked)
    }
    const tracked: Promise<unknown> = work.then(forget, forget)
    this.#running.add(tracked)
    this.#waitUntil?.(tracked)
  }

  /** Resolves when everything begun so far, and what that began, has ended, or after `ms`; to how many still run. */
  async drain(ms: number): Promise<number> {
    let late = false
    let stop = () => {}
    const deadline = new Promise<void>((resolve) => {
      if (ms === Number.POSITIVE_INFINITY) return
      stop = this.#clock.after(ms, () => {
        late = true
        resolve()
      })
    })
    while (this.#running.size > 0 && !late) await Promise.race([Promise.all(this.#running), deadline])
    stop()
    return this.#running.size
  }
}
