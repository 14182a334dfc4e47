import type { Bus, BusHost, Removal } from '@tierstack/cache-core'
import type { DatabaseFile } from './database-file.ts'
import type { Opened } from './opened.ts'
import type { Notice } from './removal-log.ts'

/** How long local entries count after the last look at the log that succeeded, ms. */
const silence = 500

/**
 * The log of removals as a bus: looks for new rows every few milliseconds.
 *
 * Removals are appended in the transaction that makes them, so a look which began at t has seen all that were
 * acknowledged before t. A look that fails says nothing, and what it would have vouched for lapses.
 */
export class PollingBus implements Bus {
  readonly #file: () => DatabaseFile
  readonly #every: number
  #host: BusHost | undefined
  #cancel: (() => void) | undefined
  #read: { readonly opened: Opened; seq: number; version: number | undefined } | undefined

  constructor(file: () => DatabaseFile, every: number) {
    this.#file = file
    this.#every = every
  }

  open(host: BusHost): void {
    this.#host = host
    this.poll()
    this.#schedule()
  }

  async publish(removal: Removal): Promise<void> {
    await this.#file().ask((opened) => opened.transaction(() => opened.removals.append(removal)))
  }

  /** Tells this process, which isn't told of its own notices, that keys were filled. */
  wake(keys: readonly string[]): void {
    if (keys.length === 0) return
    queueMicrotask(() => {
      for (const key of keys) this.#host?.listener.filled(key)
    })
  }

  /** Looks at once. */
  poll(): void {
    const opened = this.#file().opened
    if (opened === undefined || this.#host === undefined) return
    const { clock, listener } = this.#host
    const startedAt = clock.now()
    try {
      this.#follow(opened)
      // Nobody else writes to what is no file.
      const until = opened.identity === undefined ? Number.POSITIVE_INFINITY : startedAt + silence
      opened.verify()
      listener.live(until)
    } catch (error) {
      this.#file().failed(opened, error)
    }
  }

  close(): Promise<void> {
    this.#cancel?.()
    this.#host = undefined
    return Promise.resolve()
  }

  #schedule(): void {
    this.#cancel = this.#host?.clock.after(this.#every, () => {
      this.poll()
      this.#schedule()
    })
  }

  #follow(opened: Opened): void {
    const read = this.#position(opened)
    const version = opened.version()
    if (version === read.version) return
    // Before the rows are read: what is committed in between changes the version again.
    const last = opened.removals.last()
    let gap = last < read.seq
    for (const { seq, notice } of opened.removals.since(read.seq)) {
      gap ||= seq !== read.seq + 1
      read.seq = seq
      if (notice !== undefined) this.#report(notice)
    }
    if (gap || read.seq < last) this.#host?.listener.gap()
    read.seq = Math.max(read.seq, last)
    read.version = version
  }

  /** Where the reading of the log goes on. Another history has another log: what was held before is suspect. */
  #position(opened: Opened): { seq: number; version: number | undefined } {
    const before = this.#read
    if (before?.opened === opened) return before
    const same = before === undefined || before.opened.history === opened.history
    if (!same) this.#host?.listener.gap()
    this.#read = { opened, seq: before && same ? before.seq : opened.firstSeq, version: undefined }
    return this.#read
  }

  #report(notice: Notice): void {
    const listener = this.#host?.listener
    if (notice.kind === 'filled') for (const key of notice.keys) listener?.filled(key)
    else listener?.removed(notice)
  }
}
