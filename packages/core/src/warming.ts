import type { Chain } from './chain.ts'
import type { WarmOptions, WarmReport } from './definition.ts'
import { checkKeys, expectation, shown } from './expectation.ts'
import type { Query } from './query.ts'
import { patientRead } from './read.ts'
import { warmBatch } from './warm-batch.ts'
import { Pace } from './warm-bulk.ts'
import type { LoadAll, Warmed, WarmItem } from './warm-item.ts'
import { Looks, warmPage } from './warm-page.ts'
import type { PageRead, Row } from './warm-page.ts'

const mostFailures = 20
const longestBurst = 100
/** Loads at once of a definition without `loadMany`. */
const singles = 8

type Resolved = Required<Omit<WarmOptions, 'signal' | 'progress'>> &
  Pick<WarmOptions, 'signal' | 'progress'> & {
    /** Rows that were read already are stored so many at a time. */
    readonly fill: number
  }

export function resolveWarm(options: WarmOptions, batched: boolean): Resolved {
  checkKeys('warm options', options, ['concurrency', 'batch', 'rate', 'signal', 'progress'])
  const { concurrency = batched ? 4 : singles, batch = 500, rate = Number.POSITIVE_INFINITY } = options
  for (const [name, value] of [
    ['concurrency', concurrency],
    ['batch', batch],
  ] as const) {
    if (!Number.isInteger(value) || value < 1) throw expectation(name, 'an integer of 1 or more', value)
  }
  if (!(rate > 0)) throw expectation('rate', 'a number of loads per second, more than 0', rate)
  // A slow rate isn't kept by a rare flood.
  const burst = Math.max(1, Math.floor((rate * longestBurst) / 1_000))
  return { ...options, concurrency, rate, fill: batch, batch: batched ? Math.min(batch, burst) : 1 }
}

/** One warming: what it has done so far, and what it may still do. */
export class Warming {
  readonly #chain: Chain
  readonly #query: Query
  readonly #options: Resolved
  readonly #signal: AbortSignal
  readonly #pace = new Pace()
  readonly #looks = new Looks()
  readonly #errors: { key: string; error: unknown }[] = []
  #loaded = 0
  #skipped = 0
  /** Batches in a row of which nothing could be loaded. */
  #failures = 0

  constructor(chain: Chain, query: Query, options: Resolved) {
    this.#chain = chain
    this.#query = query
    this.#options = options
    this.#signal = options.signal ?? new AbortController().signal
  }

  get report(): Omit<WarmReport, 'ms'> {
    return { loaded: this.#loaded, skipped: this.#skipped, errors: this.#errors }
  }

  failed(key: string, error: unknown): void {
    this.#errors.push({ key, error })
  }

  /** The key of an input; undefined, and reported, where it has none. */
  keyOf<K>(keyOf: (input: K) => string, input: K): string | undefined {
    try {
      return keyOf(input)
    } catch (error) {
      this.failed(shown(input), error)
      return undefined
    }
  }

  get resting(): boolean {
    return this.#pace.resting
  }

  /** Stores rows that were read with their keys. Never rejects. */
  async page(rows: readonly Row[], read: PageRead): Promise<void> {
    const stored = await warmPage(this.#chain, this.#query, rows, read, {
      pace: this.#pace,
      looks: this.#looks,
    })
    this.#loaded += stored.loaded
    this.#skipped += stored.skipped
    this.#errors.push(...stored.errors)
    await Promise.all(stored.aside.map((item) => this.#one(item)))
    await this.#load(stored.again, () => {})
    this.#tell()
  }

  /** Loads what isn't fresh. Never rejects. `loaded` is called when a batch is loaded and still to be stored. */
  async work(items: readonly WarmItem[], loaded: () => void): Promise<void> {
    await this.#load(items, loaded)
    this.#tell()
  }

  async #load(items: readonly WarmItem[], loaded: () => void): Promise<void> {
    const { loadAll } = this.#query
    if (loadAll !== undefined) {
      if (items.length > 0) await this.#batch(loadAll, items, loaded)
      return
    }
    for (let i = 0; i < items.length; i += singles)
      await Promise.all(items.slice(i, i + singles).map((item) => this.#one(item)))
  }

  #tell(): void {
    try {
      this.#options.progress?.({
        loaded: this.#loaded,
        skipped: this.#skipped,
        failed: this.#errors.length,
      })
    } catch {
      // A listener breaks nothing.
    }
  }

  async #batch(loadAll: LoadAll, items: readonly WarmItem[], loaded: () => void = () => {}): Promise<void> {
    const warmed = await warmBatch(this.#chain, this.#query, loadAll, items, {
      signal: this.#signal,
      pace: this.#pace,
      loaded,
    })
    this.#loaded += warmed.loaded
    this.#skipped += warmed.skipped
    await Promise.all(warmed.aside.map((item) => this.#one(item)))
    if (warmed.errors.length > 0) await this.#takeApart(loadAll, items, warmed)
    else this.#failures = 0
  }

  /** A batch that failed as a whole is halved until those at fault are alone; not for ever, if nothing can be loaded. */
  async #takeApart(loadAll: LoadAll, items: readonly WarmItem[], warmed: Warmed): Promise<void> {
    const { errors } = warmed
    const whole = warmed.loaded === 0
    this.#failures = whole ? this.#failures + 1 : 0
    if (!whole || errors.length === 1 || this.#failures > mostFailures || this.#signal.aborted) {
      this.#errors.push(...errors)
      return
    }
    const keys = new Set(errors.map(({ key }) => key))
    const again = items.filter(({ key }) => keys.has(key))
    const middle = Math.ceil(again.length / 2)
    await this.#batch(loadAll, again.slice(0, middle))
    await this.#batch(loadAll, again.slice(middle))
  }

  async #one({ key, input }: WarmItem): Promise<void> {
    const { signal } = this.#options
    try {
      await patientRead(this.#chain, this.#query, {
        key,
        input,
        options: signal && { signal },
        reason: 'warm',
        observe: (state) => {
          if (state === 'fresh') this.#skipped++
          else this.#loaded++
        },
      })
    } catch (error) {
      this.failed(key, error)
    }
  }
}
