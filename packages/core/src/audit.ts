import { createHash } from 'node:crypto'
import type { Clock } from './clock.ts'

/** One thing that was done with the entries of a definition that asks for an audit. Never a value, never a key. */
export interface AuditRecord {
  /** Wall-clock instant, ms. */
  readonly at: number
  /** As the option `who` answered when it was asked for; undefined when it didn't. */
  readonly who: string | undefined
  /** Empty in a cache without tenants. */
  readonly tenant: string
  /** Empty for an erasure, which concerns all. */
  readonly definition: string
  readonly action:
    | 'read'
    | 'peek'
    | 'set'
    | 'write'
    | 'delete'
    | 'expire'
    | 'clear'
    | 'refresh'
    | 'warm'
    | 'inspect'
    | 'erase'
    | 'erased'
    | 'erase-queued'
  /**
   * Beginning of the SHA-256 of namespace and key, in base64url; undefined for the whole definition. Of an erasure: the
   * same for the same subject.
   */
  readonly keyHash: string | undefined
  /** Where a read was answered: a tier, or `source`; undefined for other actions, and for a read that failed. */
  readonly tier: string | undefined
}

export interface AuditOptions {
  /**
   * Takes records, in the order in which they happened; resolves when they are safe. Rejecting means that none was taken:
   * the same come again.
   */
  readonly sink: (records: readonly AuditRecord[]) => Promise<void>
  /** On whose behalf the caller acts. */
  readonly who?: () => string | undefined
  /** Records that may wait for the sink. When so many do, what is audited waits too. @default 10_000 */
  readonly queue?: number
}

const together = 500
const shortestRetry = 50
const longestRetry = 5_000

/**
 * Records on their way to the sink. Nothing is dropped, whatever the sink or a listener does: while the queue is full,
 * audited operations wait for room before they are done.
 */
export class Audit {
  readonly #options: Required<Pick<AuditOptions, 'sink' | 'queue'>> & Pick<AuditOptions, 'who'>
  readonly #clock: Clock
  readonly #namespace: string
  readonly #waiting: AuditRecord[] = []
  readonly #forRoom: (() => void)[] = []
  #sending: Promise<void> | undefined

  constructor(options: AuditOptions, clock: Clock, namespace: string) {
    this.#options = { ...options, queue: options.queue ?? 10_000 }
    this.#clock = clock
    this.#namespace = namespace
  }

  get full(): boolean {
    return this.#waiting.length >= this.#options.queue
  }

  /** Resolves when there is room for a record. */
  async room(): Promise<void> {
    while (this.full) await new Promise<void>((go) => this.#forRoom.push(go))
  }

  note(
    record: Pick<AuditRecord, 'action' | 'definition' | 'tenant' | 'tier'>,
    key: string | undefined,
  ): void {
    const { who } = this.#options
    let by: string | undefined
    try {
      by = who?.()
    } catch {
      // A record without a name is better than none.
    }
    const hash = createHash('sha256')
    const keyHash =
      key === undefined
        ? undefined
        : hash.update(`${this.#namespace}\0${key}`).digest('base64url').slice(0, 22)
    this.#waiting.push({ at: this.#clock.wall(), who: by, ...record, keyHash })
    this.#sending ??= this.#send()
  }

  /** Resolves when the sink has everything, or after `ms`; to how many records it doesn't have. */
  async flush(ms: number): Promise<number> {
    let cancel = () => {}
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(ms, resolve)
    })
    await Promise.race([this.#sending, late])
    cancel()
    return this.#waiting.length
  }

  async #send(): Promise<void> {
    // In a later turn, so that what happens together goes together.
    await Promise.resolve()
    for (let failures = 0; this.#waiting.length > 0;) {
      const records = this.#waiting.slice(0, together)
      try {
        await this.#options.sink(records)
        this.#waiting.splice(0, records.length)
        failures = 0
        for (const go of this.#forRoom.splice(0)) go()
      } catch {
        const pause = Math.min(longestRetry, shortestRetry * 2 ** failures++)
        await new Promise<void>((resolve) => this.#clock.after(pause, resolve))
      }
    }
    this.#sending = undefined
  }
}
