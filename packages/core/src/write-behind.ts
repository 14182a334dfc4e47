import { Batch } from './batch.ts'
import type { ResolvedBehind } from './behind-options.ts'
import type { Chain } from './chain.ts'
import { CacheError } from './errors.ts'
import { token } from './token.ts'
import type { PendingWrite, QueuedWrite, WriteQueue } from './write-queue.ts'

/** A write as `save` gets it. */
export interface Saved {
  readonly input: unknown
  readonly value: unknown
  readonly token: string
  /** The definition's version at the time of the write. */
  readonly version: string
}

export interface BehindParts {
  readonly chain: Chain
  readonly queue: WriteQueue
  readonly topic: string
  readonly def: string
  readonly version: string
  /** Never to be queued unsealed. */
  readonly sensitive: boolean
  readonly options: ResolvedBehind
  /** Longest time for a look at what is pending, ms. */
  readonly lookMs: number
  /** Longest time for an append, ms. */
  readonly appendMs: number
  /** Longest time for a save, ms. */
  readonly saveMs: number
  /** Resolves to whether the source has another value than the one that was written. */
  readonly save: (write: Saved, signal: AbortSignal) => Promise<boolean>
  readonly saveMany: ((writes: readonly Saved[], signal: AbortSignal) => Promise<void>) | undefined
  /** The entry's key, as events name it. */
  readonly entryOf: (key: string) => string
  /** Runs `commit` as a write of these keys: what readers see of them changes with it. */
  readonly changing: (keys: readonly string[], commit: () => Promise<void>) => Promise<void>
}

interface Failure {
  readonly attempts: number
  readonly tries: number
  readonly until: number
  /** How many writes had been saved at the time of the failure. */
  readonly saves: number
}

type Taken = Awaited<ReturnType<WriteQueue['take']>>

/** Long enough for a pause of the process, short enough for those who wait for a dead one. */
const holdMs = 5_000
const awayMs = 500
const mostLetters = 1_000
/** For what the worker asks of the queue. */
const verbMs = holdMs

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
  readonly #worker = token()
  readonly #appends: Batch<QueuedWrite, undefined>
  readonly #looks: Batch<string, Uint8Array | undefined>
  readonly #failures = new Map<string, Failure>()
  #saves = 0
  #closed = false
  #wake: (() => void) | undefined
  #nudged = false
  readonly #running: Promise<void>

  constructor(parts: BehindParts) {
    this.#parts = parts
    const { queue, topic } = parts
    this.#appends = new Batch(async (writes) => {
      await this.#inTime(queue.append(topic, writes), parts.appendMs)
      return writes.map(() => undefined)
    })
    this.#looks = new Batch((keys) => this.#inTime(queue.pending(topic, keys), parts.lookMs))
    this.#running = this.#run()
  }

  /** Resolves once the write is durable. Rejects with `WRITE_REFUSED`; it may then have been taken all the same. */
  async append(key: string, input: unknown, value: unknown): Promise<void> {
    const { chain, topic, version, sensitive } = this.#parts
    const name = `${topic}:${key}`
    const payload = chain.frames.encode([input, value], name, version)
    const header = {
      createdAt: chain.clock.wall(),
      freshFor: 0,
      staleFor: 0,
      errorFor: 0,
      loadMs: 0,
      version,
      etag: undefined,
      key: name,
      tags: [],
    }
    try {
      const bytes = chain.frames.frame(payload, header, await chain.frames.sealKey(name, sensitive))
      await this.#appends.addEach(key, { key, bytes })
    } catch (cause) {
      throw new CacheError(
        'WRITE_REFUSED',
        `Expected the write queue \`${this.#parts.queue.name}\` to take the write, it did not confirm it: ${(cause as Error).message}`,
        { cause },
      )
    }
    this.nudge()
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
    const write = await this.#open(key, bytes, '')
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
      if (this.#closed || chain.clock.now() >= until) return size
      this.nudge()
      await this.#pause(20)
    }
  }

  async dead(): Promise<readonly (Saved & { readonly reason: string; readonly at: number })[]> {
    const { queue, topic } = this.#parts
    const letters = await this.#inTime(queue.dead(topic, mostLetters))
    return await Promise.all(
      letters.map(async ({ key, bytes, token: id, reason, at }) => ({
        ...(await this.#open(key, bytes, id)),
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
    const { queue, topic, changing } = this.#parts
    const letters = (await this.#inTime(queue.dead(topic, mostLetters))).filter(({ token: own }) =>
      tokens.includes(own),
    )
    if (letters.length === 0) return
    const keys = [...new Set(letters.map(({ key }) => key))]
    const found = letters.map(({ token: own }) => own)
    await changing(keys, () => this.#inTime(queue.retry(topic, found)))
    this.nudge()
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
    await this.#inTime(this.#parts.queue.release(this.#parts.topic, this.#worker)).catch(() => {})
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
    const { queue, topic, options } = this.#parts
    const worker = this.#worker
    let after: string | undefined = ''
    while (after !== undefined && !this.#closed) {
      const taken: Taken = await this.#inTime(
        queue.take(topic, { worker, holdMs, after, limit: options.batch }),
      )
      if (taken === undefined) return false
      const now = this.#parts.chain.clock.now()
      const due = taken.writes.filter(({ key }) => now >= (this.#failures.get(key)?.until ?? 0))
      if (due.length > 0 && !(await this.#held(() => this.#apply(due)))) return false
      after = taken.next
    }
    return true
  }

  /** Runs `work` while the right to apply is kept alive. Resolves to whether it still stands. */
  async #held(work: () => Promise<void>): Promise<boolean> {
    const { chain, queue, topic } = this.#parts
    let standing = true
    let cancel = () => {}
    const again = () => {
      cancel = chain.clock.after(holdMs / 3, () => {
        void queue
          .renew(topic, this.#worker, holdMs)
          .then((still) => {
            standing = still
          })
          .catch(() => {})
        again()
      })
    }
    again()
    try {
      await work()
    } finally {
      cancel()
    }
    return standing
  }

  /** Rejects when not a single one could be saved: then it is no use to go on with others. */
  async #apply(writes: readonly PendingWrite[]): Promise<void> {
    const { saveMany } = this.#parts
    const { size } = this.#failures
    const before = this.#saves
    if (saveMany !== undefined && writes.length > 1) {
      try {
        const opened = await Promise.all(
          writes.map(({ key, bytes, token: id }) => this.#open(key, bytes, id)),
        )
        await this.#saving((signal) => saveMany(opened, signal))
        this.#saves += writes.length
        for (const { key } of writes) this.#failures.delete(key)
        await this.#confirm(writes)
        return
      } catch {
        // One of them is the trouble, or the source is: each by itself tells.
      }
    }
    const left = writes.values()
    const done: PendingWrite[] = []
    const lane = async () => {
      for (const write of left) if (await this.#one(write)) done.push(write)
    }
    const { concurrency } = this.#parts.options
    const lanes = await Promise.allSettled(
      Array.from({ length: Math.min(concurrency, writes.length) }, () => lane()),
    )
    await this.#confirm(done)
    for (const one of lanes) if (one.status === 'rejected') throw one.reason
    if (this.#saves === before && this.#failures.size >= size) throw new Error('nothing could be saved')
  }

  /** Saves one write. Resolves to whether it is to be confirmed with the others. */
  async #one(write: PendingWrite): Promise<boolean> {
    const { save, changing, queue, topic } = this.#parts
    const { key } = write
    let other: boolean
    try {
      const opened = await this.#open(key, write.bytes, write.token)
      other = await this.#saving((signal) => save(opened, signal))
    } catch (error) {
      await this.#failed(write, error)
      return false
    }
    this.#saves++
    this.#failures.delete(key)
    if (!other) return true
    // Readers saw what was written; from the confirmation on they are to see what the source made of it.
    await changing([key], () => queue.confirm(topic, [write]))
    return false
  }

  async #failed(write: PendingWrite, error: unknown): Promise<void> {
    const { chain, def, options, changing, queue, topic, entryOf } = this.#parts
    const { key } = write
    const before = this.#failures.get(key)
    const counts = before === undefined || this.#saves > before.saves
    const attempts = (before?.attempts ?? 0) + (counts ? 1 : 0)
    const tries = (before?.tries ?? 0) + 1
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
    await changing([key], () => queue.bury(topic, [{ ...write, reason }]))
    this.#failures.delete(key)
    if (chain.events.on['save:error'])
      chain.events.emit('save:error', { def, error, attempts, dead: true, key: full })
  }

  async #confirm(writes: readonly PendingWrite[]): Promise<void> {
    if (writes.length > 0) await this.#inTime(this.#parts.queue.confirm(this.#parts.topic, writes))
  }

  async #open(key: string, bytes: Uint8Array, id: string): Promise<Saved> {
    const { chain, sensitive, topic } = this.#parts
    const taken = await chain.frames.unseal(chain.frames.open({ bytes }, `${topic}:${key}`), sensitive)
    const { header } = taken
    const [input, value] = chain.frames.decode(taken, undefined) as readonly [unknown, unknown]
    return { input, value, token: id, version: header.version }
  }

  /** A save that doesn't come back counts as failed; it may commit all the same, which is what tokens are for. */
  async #saving<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { saveMs } = this.#parts
    const controller = new AbortController()
    return await this.#before(saveMs, work(controller.signal), (error) => controller.abort(error))
  }

  #inTime<T>(work: Promise<T>, ms: number = verbMs): Promise<T> {
    return this.#before(ms, work)
  }

  #before<T>(ms: number, work: Promise<T>, late?: (error: Error) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#parts.chain.clock.after(ms, () => {
        const error = new Error(`no answer within ${ms} ms`)
        late?.(error)
        reject(error)
      })
      work.finally(cancel).then(resolve, reject)
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.chain.clock.after(ms, resolve)
    })
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
