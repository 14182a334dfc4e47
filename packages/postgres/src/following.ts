import { setTimeout as sleep } from 'node:timers/promises'
import type { ChangeHost } from './change-source.ts'
import { Confirmations } from './confirmations.ts'
import type { Lsn } from './lsn.ts'
import type { ReplicationStream } from './replication-stream.ts'
import type { Ask } from './tables.ts'
import type { Part, TransactionReader } from './transaction-reader.ts'
import { isVisible, parseSnapshot } from './visibility.ts'

/** Parts that were read and not confirmed; past that the stream waits, and the server keeps the rest. */
const mostPending = 20_000
const resumeAt = 5_000
const longestWait = 50

/**
 * What happens between the stream and the host: parts wait until new readers see their transaction, are applied in
 * order, and their position is confirmed once all that came before is.
 */
export class Following {
  readonly #stream: ReplicationStream
  readonly #reader: TransactionReader
  readonly #host: ChangeHost
  readonly #ask: Ask
  readonly #fail: (error: unknown) => void
  readonly #confirmations = new Confirmations()
  #parts: Part[] = []
  #unfinished: Promise<void>[] = []
  #pending = 0
  #paused = false
  #applying = false
  #ended = false
  #sent: Lsn = 0n

  constructor(o: {
    readonly stream: ReplicationStream
    readonly reader: TransactionReader
    readonly host: ChangeHost
    readonly ask: Ask
    readonly fail: (error: unknown) => void
  }) {
    this.#stream = o.stream
    this.#reader = o.reader
    this.#host = o.host
    this.#ask = o.ask
    this.#fail = o.fail
  }

  message(bytes: Buffer, at: number): void {
    if (this.#ended) return
    try {
      this.#reader.read(bytes, at)
    } catch (error) {
      this.#fail(error)
    }
  }

  part(part: Part): void {
    this.#parts.push(part)
    this.#pending++
    if (this.#pending > mostPending && !this.#paused) {
      this.#paused = true
      this.#stream.pause()
    }
    if (!this.#applying) void this.#applyAll()
  }

  sent(end: Lsn): void {
    if (end > this.#sent) this.#sent = end
    if (this.#parts.length === 0 && !this.#applying && !this.#reader.open) this.#confirmations.passed(end)
    this.#confirm()
  }

  end(): void {
    this.#ended = true
  }

  async #applyAll(): Promise<void> {
    this.#applying = true
    try {
      for (let wait = 1; this.#parts.length > 0 && !this.#ended;) {
        const [answer] = await this.#ask('select pg_current_snapshot()::text as snapshot')
        const snapshot = parseSnapshot(String(answer?.['snapshot']))
        const next = this.#parts.findIndex(({ xid }) => !isVisible(xid, snapshot))
        const visible = this.#parts.splice(0, next < 0 ? this.#parts.length : next)
        for (const part of visible) this.#apply(part)
        if (this.#parts.length === 0 || visible.length > 0) wait = 1
        else {
          await sleep(wait)
          wait = Math.min(longestWait, wait * 2)
        }
      }
    } catch (error) {
      // Without a look at what readers see nothing may be applied: the stream begins anew at what is confirmed.
      this.#fail(error)
    } finally {
      this.#applying = false
    }
  }

  #apply({ batch, end }: Part): void {
    const applied = this.#host.apply(batch)
    const finished = applied.then(() => {
      this.#pending--
      if (this.#paused && this.#pending < resumeAt) {
        this.#paused = false
        this.#stream.resume()
      }
    })
    this.#unfinished.push(finished)
    if (end === undefined) return
    void this.#finish(this.#unfinished, this.#confirmations.add(end))
    this.#unfinished = []
  }

  async #finish(parts: readonly Promise<void>[], done: () => void): Promise<void> {
    await Promise.all(parts)
    done()
    this.#confirm()
  }

  #confirm(): void {
    const { position } = this.#confirmations
    this.#stream.confirm(position)
    if (this.#sent > 0n) this.#host.lag(Number(this.#sent > position ? this.#sent - position : 0n))
  }
}
