import type { BehindParts, Saved } from './behind-parts.ts'
import { before } from './deadline.ts'
import { QueuedWrites } from './queued-writes.ts'
import type { PendingWrite } from './write-queue.ts'

/** A write that the source has, and the version that readers had it in already. */
interface Applied {
  readonly write: PendingWrite
  readonly version: string
}

interface Failure {
  readonly attempts: number
  readonly tries: number
  readonly until: number
  /** How many writes had been saved at the time of the failure. */
  readonly saves: number
}

/** For what is asked of the queue, ms. */
export const verbMs = 5_000

/** Takes pending writes to the source, and knows which of them failed and when they may be tried again. */
export class BehindSaves {
  readonly #parts: BehindParts
  readonly #queued: QueuedWrites
  readonly #failures = new Map<string, Failure>()
  #saves = 0

  constructor(parts: BehindParts) {
    this.#parts = parts
    this.#queued = new QueuedWrites(parts)
  }

  /** Whether the key's last failure is long enough ago. */
  due(key: string): boolean {
    return this.#parts.chain.clock.now() >= (this.#failures.get(key)?.until ?? 0)
  }

  /**
   * Saves them and confirms what was saved; begins no save when `holds` says that the right to do so is gone, as its next
   * holder may have saved something later. Rejects when not a single one could be: then it is no use to go on with others.
   */
  async apply(writes: readonly PendingWrite[], holds: () => boolean): Promise<void> {
    const { saveMany } = this.#parts
    const { size } = this.#failures
    const saves = this.#saves
    if (saveMany !== undefined && writes.length > 1) {
      try {
        const opened = await Promise.all(
          writes.map(({ key, bytes, token }) => this.#queued.open(key, bytes, token)),
        )
        // Opening them may have waited for a key.
        if (!holds()) return
        await this.#saving((signal) => saveMany(opened, signal))
        this.#saves += writes.length
        for (const { key } of writes) this.#failures.delete(key)
        await this.#confirm(writes.map((write, i) => ({ write, version: (opened[i] as Saved).version })))
        return
      } catch {
        // One of them is the trouble, or the source is: each by itself tells.
      }
    }
    const left = writes.values()
    const done: Applied[] = []
    const lane = async () => {
      for (const write of left) {
        if (!holds()) return
        const applied = await this.#one(write, holds)
        if (applied) done.push(applied)
      }
    }
    const { concurrency } = this.#parts.options
    const lanes = await Promise.allSettled(
      Array.from({ length: Math.min(concurrency, writes.length) }, () => lane()),
    )
    await this.#confirm(done)
    for (const one of lanes) if (one.status === 'rejected') throw one.reason
    if (holds() && this.#saves === saves && this.#failures.size >= size)
      throw new Error('nothing could be saved')
  }

  /** Saves one write. Resolves to what is to be confirmed with the others. */
  async #one(write: PendingWrite, holds: () => boolean): Promise<Applied | undefined> {
    const { save, changing, entriesOf, queue, topic } = this.#parts
    const { key } = write
    let other: boolean
    let version: string
    try {
      const opened = await this.#queued.open(key, write.bytes, write.token)
      version = opened.version
      if (!holds()) return undefined
      other = await this.#saving((signal) => save(opened, signal))
    } catch (error) {
      await this.#failed(write, error)
      return undefined
    }
    this.#saves++
    this.#failures.delete(key)
    if (!other) return { write, version }
    // Readers saw what was written; from the confirmation on they are to see what the source made of it.
    await changing(entriesOf(key), () => queue.confirm(topic, [write]))
    return undefined
  }

  async #failed(write: PendingWrite, error: unknown): Promise<void> {
    const { chain, def, options, changing, queue, topic, entryOf, entriesOf } = this.#parts
    const { key } = write
    const last = this.#failures.get(key)
    const counts = last === undefined || this.#saves > last.saves
    const attempts = (last?.attempts ?? 0) + (counts ? 1 : 0)
    const tries = (last?.tries ?? 0) + 1
    const full = () => entryOf(key)
    if (attempts < options.attempts) {
      const pause = Math.min(options.longestBackoff, options.backoff * 2 ** (tries - 1))
      const until = chain.clock.now() + pause * (0.5 + chain.random() / 2)
      this.#failures.set(key, { attempts, tries, until, saves: this.#saves })
      if (chain.events.on['save:error']) {
        chain.events.emit('save:error', { def, error, attempts, dead: false, key: full })
      }
      return
    }
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    await changing(entriesOf(key), () => queue.bury(topic, [{ ...write, reason }]))
    this.#failures.delete(key)
    if (chain.events.on['save:error'])
      chain.events.emit('save:error', { def, error, attempts, dead: true, key: full })
  }

  async #confirm(applied: readonly Applied[]): Promise<void> {
    const { chain, queue, topic, changing, entriesOf } = this.#parts
    if (applied.length === 0) return
    const writes = applied.map(({ write }) => write)
    const confirm = () => before(chain.clock, verbMs, queue.confirm(topic, writes))
    // Another version can't read what is pending: what it loaded meanwhile is what the source had before.
    const entries = applied.flatMap(({ write, version }) => entriesOf(write.key, version))
    await (entries.length > 0 ? changing(entries, confirm) : confirm())
  }

  /** A save that doesn't come back counts as failed; it may commit all the same, which is what tokens are for. */
  async #saving<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { chain, saveMs } = this.#parts
    const controller = new AbortController()
    return await before(chain.clock, saveMs, work(controller.signal), (error) => controller.abort(error))
  }
}
