import { Timeout } from './answer-in-time.ts'
import type { Clock } from './clock.ts'
import type { Coherence } from './coherence.ts'
import { pause } from './deadline.ts'
import { CacheError } from './errors.ts'
import type { Events, TierVerb } from './events.ts'
import { Journal } from './journal.ts'
import type { JournalPage } from './journal.ts'
import { JournalDrain } from './journal-drain.ts'
import { KeyCounts } from './key-counts.ts'
import { LinkTrouble, whyOf } from './link-trouble.ts'
import type { RemoteTier } from './remote-tier.ts'
import type { TierCounters } from './stats.ts'
import { TierCalls } from './tier-calls.ts'
import type { Tracing } from './tracing.ts'

const helloTimeout = 1_000
const shortestBackoff = 50
const longestBackoff = 500
/** After an outage on the same history, others get this long to replay their removals before we trust the tier. */
const settleMs = 400

export type LinkState = 'joining' | 'up' | 'settling' | 'down' | 'closed'

/** What the link tells the cache. */
export interface LinkHost {
  readonly namespace: string
  readonly clock: Clock
  readonly events: Events
  readonly tracing: Tracing
  /** The store came back with another history: nothing held locally, and no tag generation, is vouched for. */
  historyChanged(): void
  /** Queued removals were applied: what was learnt from the tier since they were queued may be from before. */
  replayed(page: JournalPage): void
}

/** What a verb that ran means for the tier. `current`: whether it belongs to the session that still is. */
interface Outcomes {
  readonly done: () => void
  readonly failed: (error: unknown, current: boolean) => void
}

/**
 * The way to one remote tier: every verb under a deadline, a breaker that stops asking a tier which doesn't answer, and
 * a journal of the removals which it hasn't confirmed.
 *
 * joining → up ⇄ down → settling → up. Only `up` serves reads and fills. The half-open probe is `hello`: one at a
 * time, no reader pays for it.
 */
export class LinkSession {
  readonly name: string
  readonly tier: RemoteTier
  readonly coherence: Coherence | undefined
  readonly journal: Journal = new Journal()
  /**
   * The tier holds copies that only this host sees, of what a farther tier holds for the fleet: it learns of others'
   * removals by the bus alone, and counts only while that vouches.
   */
  readonly hearsay: boolean
  state: LinkState = 'joining'
  protected readonly host: LinkHost
  readonly #clock: Clock
  readonly #trouble: LinkTrouble
  readonly #drain: JournalDrain
  readonly #calls: TierCalls
  #history: string | undefined
  /** Answers that belong to an earlier session are void: the store behind it may have been another. */
  #session = 0
  #joined: Promise<void>
  /** Keys that have another reason to stay away than the journal. */
  readonly #away = new KeyCounts()
  #readTimeout = 50

  constructor(tier: RemoteTier, host: LinkHost, hearsay: boolean) {
    this.tier = tier
    this.name = tier.name
    this.coherence = tier.coherence
    this.host = host
    this.#clock = host.clock
    this.#trouble = new LinkTrouble(tier.name, host.clock, host.events)
    this.#calls = new TierCalls(tier.name, host.clock, host.events)
    this.#drain = new JournalDrain(tier, this.journal, {
      clock: host.clock,
      trouble: this.#trouble,
      isUp: () => this.state === 'up',
      session: () => this.#session,
      failed: (error) => this.#failed(error),
      replayed: (page) => host.replayed(page),
    })
    tier.open({
      namespace: host.namespace,
      clock: host.clock,
      trace: () => host.tracing.tracer?.current(),
      lost: (error) => this.#lost('error', error),
      warn: (finding) => {
        if (host.events.on.warning) host.events.emit('warning', { tier: this.name, ...finding })
      },
    })
    this.hearsay = hearsay
    // What it holds from before misses the removals since.
    if (hearsay) this.journal.addAll()
    this.#joined = this.#join(0)
  }

  get counters(): Readonly<TierCounters> {
    return this.#trouble.counters
  }

  /** Instant of the last change between usable and not, on the wall clock. */
  get since(): number {
    return this.#trouble.since
  }

  get lastError(): unknown {
    return this.#trouble.lastError
  }

  /** May reads and fills of this key use the tier? Removals that it hasn't confirmed keep their keys away from it. */
  usable(key: string): boolean {
    return (
      (this.state === 'up' || this.state === 'joining') &&
      !(this.journal.size > 0 && this.journal.fences(key)) &&
      !this.#away.has(key)
    )
  }

  /** Keeps a key away from the tier until the function that it returns is called. */
  keepAway(key: string): () => void {
    this.#away.add(key)
    return () => this.#away.remove(key)
  }

  /** The tier's deadline for one read or fill, ms: the strictest in use. */
  set readTimeout(ms: number) {
    this.#readTimeout = ms
  }

  /** Runs a verb of the tier under a deadline. Rejects when the tier isn't usable or doesn't answer in time. */
  ask<T>(verb: () => Promise<T>, timeout: number = this.#readTimeout): Promise<T> {
    return this.run('ask', 1, verb, timeout)
  }

  /** Runs a removal. Resolves to whether the tier confirmed it; if not, `queue` has put it into the journal. */
  async remove(
    verb: () => Promise<unknown>,
    timeout: number,
    queue: (journal: Journal) => void,
  ): Promise<boolean> {
    try {
      if (this.state === 'joining') await this.#calls.inTime(this.#joined, timeout)
      if (this.state !== 'up' && this.state !== 'settling') throw this.#unavailable()
      const session = this.#session
      await this.#calls.told('remove', 1, verb, timeout)
      if (session !== this.#session) throw this.#unavailable()
      this.#trouble.answered()
      return true
    } catch (error) {
      if (this.state === 'closed') throw closed(this.name)
      queue(this.journal)
      this.#failed(error)
      this.#drain.later()
      return false
    }
  }

  /** Queues a removal that was heard of: its keys stay away from the tier from now on, until it is done. */
  async queue(add: (journal: Journal) => void): Promise<void> {
    add(this.journal)
    if (this.state === 'up' && (await this.#drain.now()) !== 'done') this.#drain.later()
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return
    // What can still be confirmed is worth one try: a closed process can't replay its journal.
    if (this.journal.size > 0 && this.state === 'up') await this.#drain.now()
    this.state = 'closed'
    this.#session++
    this.#drain.stop()
    await this.tier.close()
  }

  protected run<T>(
    name: TierVerb,
    items: number,
    verb: () => Promise<T>,
    timeout: number = this.#readTimeout,
  ): Promise<T> {
    return this.#asked(name, items, verb, timeout, this.#reading)
  }

  /** A store that can be read but not written (full, read-only) stays in use; the trouble is reported once. */
  protected runWrite<T>(
    name: TierVerb,
    items: number,
    verb: () => Promise<T>,
    timeout: number = this.#readTimeout * 4,
  ): Promise<T> {
    return this.#asked(name, items, verb, timeout, this.#writing)
  }

  readonly #reading: Outcomes = {
    done: () => this.#trouble.answered(),
    failed: (error, current) => {
      if (current) this.#failed(error)
    },
  }

  readonly #writing: Outcomes = {
    done: () => this.#trouble.wrote(),
    failed: (error, current) => {
      if (error instanceof Timeout) this.#failed(error)
      else if (current) this.#trouble.writeFailed(error)
    },
  }

  async #asked<T>(
    name: TierVerb,
    items: number,
    verb: () => Promise<T>,
    timeout: number,
    { done, failed }: Outcomes,
  ): Promise<T> {
    if (this.state === 'joining') await this.#calls.inTime(this.#joined, timeout)
    if (this.state !== 'up') throw this.#unavailable()
    const session = this.#session
    try {
      const answer = await this.#calls.told(name, items, verb, timeout)
      if (session !== this.#session) throw this.#unavailable()
      done()
      return answer
    } catch (error) {
      failed(error, session === this.#session)
      throw error
    }
  }

  #failed(error: unknown): void {
    if (this.state !== 'up' && this.state !== 'settling') return
    if (this.#trouble.failed(error)) this.#lost(whyOf(error), error)
  }

  #lost(why: 'timeout' | 'error', error: unknown): void {
    this.#trouble.lastError = error
    this.#session++
    if (this.state !== 'up' && this.state !== 'settling') return
    const joining = this.state === 'settling'
    this.state = 'down'
    this.#trouble.down(error, why)
    // A join under way notices the new session and begins again by itself.
    if (!joining) this.#joined = this.#join(0)
  }

  async #join(attempt: number): Promise<void> {
    const session = this.#session
    try {
      const history = await this.#calls.inTime(this.tier.hello(), helloTimeout)
      if (session !== this.#session) throw this.#unavailable()
      const returning = this.#history !== undefined
      const changed = returning && history !== this.#history
      this.#history = history
      if (changed) this.host.historyChanged()
      if (this.state === 'closed') return
      if (returning || this.journal.size > 0) {
        this.state = 'settling'
        if ((await this.#drain.now()) === 'failed') throw this.#unavailable()
        if (returning && !changed) {
          await pause(this.#clock, settleMs)
          if ((await this.#drain.now()) === 'failed') throw this.#unavailable()
        }
        if (session !== this.#session) throw this.#unavailable()
      }
      this.#up()
    } catch (error) {
      if (this.state === 'closed') return
      this.state = 'down'
      this.#trouble.down(error)
      await pause(this.#clock, Math.min(longestBackoff, shortestBackoff * 2 ** attempt))
      if ((this.state as LinkState) === 'closed') return
      await this.#join(attempt + 1)
    }
  }

  #up(): void {
    this.state = 'up'
    // A removal may have been queued between the last look at the journal and here.
    if (this.journal.size > 0) this.#drain.later()
    this.#trouble.up()
  }

  #unavailable(): CacheError {
    return new CacheError(
      'TIER_UNAVAILABLE',
      `Expected tier \`${this.name}\` to be usable, it is ${this.state}`,
      {
        cause: this.lastError,
      },
    )
  }
}

function closed(name: string): CacheError {
  return new CacheError('CLOSED', `Expected an open cache, tier \`${name}\` was closed`)
}
