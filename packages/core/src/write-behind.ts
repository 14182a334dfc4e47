import { Batch } from './batch.ts'
import type { BehindParts, Saved } from './behind-parts.ts'
import { verbMs } from './behind-saves.ts'
import { BehindWorker } from './behind-worker.ts'
import { before, pause } from './deadline.ts'
import { CacheError } from './errors.ts'
import { QueuedWrites } from './queued-writes.ts'
import type { QueuedWrite } from './write-queue.ts'

const mostLetters = 1_000

/**
 * The writes of one definition on their way to the source: appended to a durable queue, seen by every load meanwhile,
 * applied by whichever process has the topic's lease.
 *
 * To a reader, queue and source together are the source: a load asks the queue first and the source second, and a
 * write leaves the queue only after the source has it. At least once and in order per key; exactly once where `save`
 * refuses tokens that aren't greater than the one it has stored with the row.
 */
export class WriteBehind {
  readonly #parts: BehindParts
  readonly #queued: QueuedWrites
  readonly #worker: BehindWorker
  readonly #appends: Batch<QueuedWrite, undefined>
  readonly #looks: Batch<string, Uint8Array | undefined>

  constructor(parts: BehindParts) {
    this.#parts = parts
    this.#queued = new QueuedWrites(parts)
    const { queue, topic } = parts
    this.#appends = new Batch(async (writes) => {
      await this.#inTime(queue.append(topic, writes), parts.appendMs)
      return writes.map(() => undefined)
    })
    this.#looks = new Batch((keys) => this.#inTime(queue.pending(topic, keys), parts.lookMs))
    this.#worker = new BehindWorker(parts)
  }

  /** Resolves once the write is durable. Rejects with `WRITE_REFUSED`; it may then have been taken all the same. */
  async append(key: string, input: unknown, value: unknown): Promise<void> {
    const payload = this.#queued.payload(key, input, value)
    try {
      const bytes = await this.#queued.frame(key, payload)
      await this.#appends.addEach(key, { key, bytes })
    } catch (cause) {
      throw new CacheError(
        'WRITE_REFUSED',
        `Expected the write queue \`${this.#parts.queue.name}\` to take the write, it did not confirm it: ${(cause as Error).message}`,
        { cause },
      )
    }
    this.#worker.nudge()
  }

  /** The value that is pending for a key, in a list of one; undefined when nothing is. */
  async pending(key: string): Promise<readonly [unknown] | undefined> {
    let bytes: Uint8Array | undefined
    try {
      bytes = await this.#looks.add(key, key)
    } catch (cause) {
      if (this.#parts.options.pending === 'optional') return undefined
      throw new CacheError(
        'QUEUE_UNAVAILABLE',
        `Expected the write queue \`${this.#parts.queue.name}\` to tell what is pending, it did not answer; with \`behind: { pending: 'optional' }\` the source is read without it`,
        { cause },
      )
    }
    if (bytes === undefined) return undefined
    const write = await this.#queued.open(key, bytes, '')
    // Of another shape: `version` was raised before the queue was flushed.
    return write.version === this.#parts.version ? [write.value] : undefined
  }

  /** Waits until the source has what was written before the call; resolves to how many keys are still pending. */
  async flush(timeout: number): Promise<number> {
    const { queue, topic, chain } = this.#parts
    const { last } = await this.#inTime(queue.state(topic))
    if (last === undefined) return 0
    const until = chain.clock.now() + timeout
    for (;;) {
      const { size, first } = await this.#inTime(queue.state(topic))
      if (first === undefined || first > last) return 0
      if (this.#worker.closed || chain.clock.now() >= until) return size
      this.#worker.nudge()
      await pause(chain.clock, 20)
    }
  }

  async dead(): Promise<readonly (Saved & { readonly reason: string; readonly at: number })[]> {
    const { queue, topic } = this.#parts
    const letters = await this.#inTime(queue.dead(topic, mostLetters))
    return await Promise.all(
      letters.map(async ({ key, bytes, token: id, reason, at }) => ({
        ...(await this.#queued.open(key, bytes, id)),
        reason,
        at,
      })),
    )
  }

  async discard(tokens: readonly string[]): Promise<void> {
    await this.#inTime(this.#parts.queue.discard(this.#parts.topic, tokens))
  }

  /** Lets dead letters be tried again. A row that has a later write since stays as it is, where `save` heeds tokens. */
  async retry(tokens: readonly string[]): Promise<void> {
    const { queue, topic, changing, entriesOf } = this.#parts
    const letters = (await this.#inTime(queue.dead(topic, mostLetters))).filter(({ token: own }) =>
      tokens.includes(own),
    )
    if (letters.length === 0) return
    const entries = [...new Set(letters.map(({ key }) => key))].flatMap((key) => entriesOf(key))
    const found = letters.map(({ token: own }) => own)
    await changing(entries, () => this.#inTime(queue.retry(topic, found)))
    this.#worker.nudge()
  }

  close(): Promise<void> {
    return this.#worker.close()
  }

  #inTime<T>(work: Promise<T>, ms: number = verbMs): Promise<T> {
    return before(this.#parts.chain.clock, ms, work)
  }
}
