import type { Queries } from './database/queries.ts'

const flushMs = 1_000
const mostKept = 5_000

/**
 * Notes which cities are asked for, one of every `sample` accesses, and writes them to the database in batches. A
 * batch that the database doesn't take is dropped: popularity is an estimate, and no reader waits for it.
 */
export class AccessLog {
  readonly #queries: Pick<Queries, 'logAccesses'>
  readonly #sample: number
  readonly #timer: NodeJS.Timeout
  #seen = 0
  #ids: number[] = []

  constructor(queries: Pick<Queries, 'logAccesses'>, sample: number) {
    this.#queries = queries
    this.#sample = sample
    this.#timer = setInterval(() => void this.flush(), flushMs)
    this.#timer.unref()
  }

  note(id: number): void {
    if (this.#seen++ % this.#sample !== 0) return
    if (this.#ids.length < mostKept) this.#ids.push(id)
  }

  async flush(): Promise<void> {
    if (this.#ids.length === 0) return
    const ids = this.#ids
    this.#ids = []
    await this.#queries.logAccesses(ids).catch(() => {})
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }
}
