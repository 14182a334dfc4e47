import type { ChangeBatch, ChangeHost, ChangeSource, SourceFinding, SourceState } from './change-source.ts'
import { FeedEvents } from './feed-events.ts'
import type { FeedEventMap, FeedEventName } from './feed-events.ts'
import { resolveFeedOptions } from './feed-options.ts'
import type { ChangeFeedOptions } from './feed-options.ts'
import { removalOf } from './removal-of.ts'
import { RemovalQueue } from './removal-queue.ts'
import { SetupError } from './setup-error.ts'

/** What a feed has done, and where it stands. */
export interface FeedStats {
  readonly state: SourceState
  readonly changes: number
  readonly batches: number
  readonly gaps: number
  /** Bytes of the database's log that aren't confirmed. */
  readonly lagBytes: number
  /** Milliseconds since the oldest unconfirmed change arrived here, or since the source was lost; else 0. */
  readonly lagMs: number
}

/** A change feed at work. */
export interface ChangeFeed extends AsyncDisposable {
  /**
   * Resolves when this process follows the database, or stands by while another one does. Rejects with a
   * `SetupError` when the set-up of the database doesn't allow it; the feed goes on trying.
   */
  ready(): Promise<void>
  stats(): FeedStats
  /** Listens. Returns the function that stops it. */
  on<E extends FeedEventName>(event: E, listener: (event: FeedEventMap[E]) => void): () => void
  /** Ends the source. What isn't confirmed is sent again to whoever follows next. Idempotent. */
  close(): Promise<void>
}

/**
 * Turns the committed changes of a database into removals in a cache, whoever made them: `psql`, a migration, another
 * service. By convention a changed row removes what is tagged `table:key` and `table`; `map` adds tags and keys of
 * your own. A removal is sent again until every tier has confirmed it, and only then is the change given up at the
 * source. Where changes may have been missed, or a whole table changed, the cache is cleared, or what `wholeTable` says.
 *
 * @example
 * const feed = changeFeed({ cache, source: logicalReplication({ connection: process.env.DATABASE_URL }) })
 * await feed.ready()
 */
export function changeFeed(options: ChangeFeedOptions): ChangeFeed {
  return new Feed(options)
}

class Feed implements ChangeFeed, ChangeHost {
  readonly #source: ChangeSource
  readonly #removes: Pick<ChangeFeedOptions, 'map' | 'wholeTable'>
  readonly #queue: RemovalQueue
  readonly #events = new FeedEvents()
  readonly #seen = new Set<string>()
  readonly #settled: Promise<void>
  #settle: (error?: Error) => void = () => {}
  #state: SourceState = 'starting'
  #downSince: number | undefined = performance.now()
  #changes = 0
  #batches = 0
  #gaps = 0
  #lagBytes = 0
  #closing: Promise<void> | undefined

  constructor(options: ChangeFeedOptions) {
    const { cache, source, ...removes } = resolveFeedOptions(options)
    this.#source = source
    this.#removes = removes
    this.#queue = new RemovalQueue(cache)
    this.#settled = new Promise((resolve, reject) => {
      this.#settle = (error) => (error ? reject(error) : resolve())
    })
    // Nobody has to ask for it.
    this.#settled.catch(() => {})
    source.open(this)
  }

  ready(): Promise<void> {
    return this.#settled
  }

  stats(): FeedStats {
    const now = performance.now()
    const oldest = Math.min(this.#queue.oldest ?? now, this.#downSince ?? now)
    return {
      state: this.#state,
      changes: this.#changes,
      batches: this.#batches,
      gaps: this.#gaps,
      lagBytes: this.#lagBytes,
      lagMs: now - oldest,
    }
  }

  on<E extends FeedEventName>(event: E, listener: (event: FeedEventMap[E]) => void): () => void {
    return this.#events.add(event, listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // Those that wait for the queue would wait for ever behind a tier that is down.
    this.#queue.close()
    await this.#source.close()
    this.state('stopped')
  }

  async apply(batch: ChangeBatch): Promise<void> {
    this.#batches++
    this.#changes += batch.changes.length
    const removal = removalOf(batch, this.#removes, (finding) => this.warn(finding))
    await this.#queue.add(removal)
    this.#events.emit('applied', { changes: batch.changes.length })
  }

  async gap(why: string, tables?: ChangeBatch['wholeTables']): Promise<void> {
    this.#gaps++
    this.#events.emit('gap', { why })
    const warn = (finding: SourceFinding) => this.warn(finding)
    const whole = tables && { changes: [], wholeTables: tables }
    await this.#queue.add(whole ? removalOf(whole, this.#removes, warn) : 'all')
  }

  state(state: SourceState, error?: unknown): void {
    if (error instanceof SetupError) {
      this.warn(error.finding)
      this.#settle(error)
    }
    if (state === this.#state) return
    this.#state = state
    const away = state === 'down' || state === 'starting'
    if (!away) this.#downSince = undefined
    else this.#downSince ??= performance.now()
    if (state === 'following' || state === 'standby') this.#settle()
    if (state === 'stopped') this.#settle(new Error('the change feed was closed before it followed'))
    this.#events.emit('state', { state, error })
  }

  warn(finding: SourceFinding): void {
    const text = `${finding.check} ${finding.found}`
    if (this.#seen.has(text)) return
    // A finding with figures in it is another one each time.
    if (this.#seen.size >= 1_000) this.#seen.clear()
    this.#seen.add(text)
    this.#events.emit('warning', finding)
  }

  lag(bytes: number): void {
    this.#lagBytes = bytes
  }
}
