import type { BehindParts } from './behind-parts.ts'
import { BehindSaves, verbMs } from './behind-saves.ts'
import { before } from './deadline.ts'
import { token } from './token.ts'
import type { WriteQueue } from './write-queue.ts'

type Taken = Awaited<ReturnType<WriteQueue['take']>>

/** Long enough for a pause of the process, short enough for those who wait for a dead one. */
const holdMs = 5_000
const awayMs = 500

/** Applies a topic's pending writes whenever this process has the topic's lease. */
export class BehindWorker {
  readonly #parts: BehindParts
  readonly #saves: BehindSaves
  readonly #worker = token()
  #closed = false
  #wake: (() => void) | undefined
  #nudged = false
  readonly #running: Promise<void>

  constructor(parts: BehindParts) {
    this.#parts = parts
    this.#saves = new BehindSaves(parts)
    this.#running = this.#run()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Something waits: look now. */
  nudge(): void {
    this.#nudged = true
    this.#wake?.()
  }

  /** Ends after the saves that run; what is pending stays in the queue. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake?.()
    await this.#running
    const { chain, queue, topic } = this.#parts
    await before(chain.clock, verbMs, queue.release(topic, this.#worker)).catch(() => {})
  }

  async #run(): Promise<void> {
    const { poll, backoff, longestBackoff } = this.#parts.options
    let troubles = 0
    while (!this.#closed) {
      this.#nudged = false
      try {
        const mine = await this.#pass()
        troubles = 0
        if (!mine) await this.#sleep(awayMs, false)
        else if (!this.#nudged) await this.#sleep(poll, true)
      } catch {
        // The queue or the source is in trouble. New writes are tried sooner than those that failed, but not at once.
        const rest = Math.min(longestBackoff, backoff * 2 ** troubles++)
        await this.#sleep(backoff, false)
        if (rest > backoff && !this.#nudged) await this.#sleep(rest - backoff, true)
      }
    }
  }

  /** Applies what is pending, once through. Resolves to false when another worker does it. */
  async #pass(): Promise<boolean> {
    const { chain, queue, topic, options } = this.#parts
    const worker = this.#worker
    let after: string | undefined = ''
    while (after !== undefined && !this.#closed) {
      const askedAt = chain.clock.now()
      const taken: Taken = await before(
        chain.clock,
        verbMs,
        queue.take(topic, { worker, holdMs, after, limit: options.batch }),
      )
      if (taken === undefined) return false
      const due = taken.writes.filter(({ key }) => this.#saves.due(key))
      if (due.length > 0 && !(await this.#held(askedAt, (holds) => this.#saves.apply(due, holds))))
        return false
      after = taken.next
    }
    return true
  }

  /**
   * Runs `work` while the right to apply is kept alive; tells it, and whoever called, whether that still stands. It was
   * taken after `askedAt`: who was stopped for longer than it is held may have lost it without having been told.
   */
  async #held(askedAt: number, work: (holds: () => boolean) => Promise<void>): Promise<boolean> {
    const { chain, queue, topic } = this.#parts
    let standing = true
    let heldSince = askedAt
    const holds = () => standing && chain.clock.now() - heldSince < holdMs
    let cancel = () => {}
    const again = () => {
      cancel = chain.clock.after(holdMs / 3, () => {
        const now = chain.clock.now()
        void queue
          .renew(topic, this.#worker, holdMs)
          .then((still) => {
            standing &&= still
            heldSince = Math.max(heldSince, now)
          })
          .catch(() => {})
        again()
      })
    }
    again()
    try {
      await work(holds)
    } finally {
      cancel()
    }
    return holds()
  }

  /** Until `ms` passed, the cache is closed, or, if that counts, somebody nudges. */
  async #sleep(ms: number, nudges: boolean): Promise<void> {
    let cancel = () => {}
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        if (nudges || this.#closed) resolve()
      }
      if (this.#closed) resolve()
      cancel = this.#parts.chain.clock.after(ms, resolve)
    })
    this.#wake = undefined
    cancel()
  }
}
