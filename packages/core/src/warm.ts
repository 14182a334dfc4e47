import type { Chain } from './chain.ts'
import type { WarmOptions, WarmReport } from './definition.ts'
import { checkKeys, expectation } from './expectation.ts'
import type { Query } from './query.ts'
import { patientRead } from './read.ts'
import { warmBatch } from './warm-batch.ts'
import { Pace } from './warm-bulk.ts'
import type { LoadAll, Warmed, WarmItem } from './warm-item.ts'

const mostFailures = 20
const longestBurst = 100

type Resolved = Required<Omit<WarmOptions, 'signal' | 'progress'>> & Pick<WarmOptions, 'signal' | 'progress'>

function resolveWarm(options: WarmOptions, batched: boolean): Resolved {
  checkKeys('warm options', options, ['concurrency', 'batch', 'rate', 'signal', 'progress'])
  const { concurrency = batched ? 4 : 8, batch = 500, rate = Number.POSITIVE_INFINITY } = options
  for (const [name, value] of [
    ['concurrency', concurrency],
    ['batch', batch],
  ] as const) {
    if (!Number.isInteger(value) || value < 1) throw expectation(name, 'an integer of 1 or more', value)
  }
  if (!(rate > 0)) throw expectation('rate', 'a number of loads per second, more than 0', rate)
  // A slow rate isn't kept by a rare flood.
  const burst = Math.max(1, Math.floor((rate * longestBurst) / 1_000))
  return { ...options, concurrency, rate, batch: batched ? Math.min(batch, burst) : 1 }
}

/** One warming: what it has done so far, and what it may still do. */
class Warming {
  readonly #chain: Chain
  readonly #query: Query
  readonly #options: Resolved
  readonly #signal: AbortSignal
  readonly #pace = new Pace()
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

  /** Loads what isn't fresh. Never rejects. `loaded` is called when a batch is loaded and still to be stored. */
  async work(items: readonly WarmItem[], loaded: () => void): Promise<void> {
    const { loadAll } = this.#query
    if (loadAll === undefined) await Promise.all(items.map((item) => this.#one(item)))
    else await this.#batch(loadAll, items, loaded)
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
      await patientRead(
        this.#chain,
        this.#query,
        key,
        input,
        signal ? { signal } : undefined,
        'warm',
        (state) => {
          if (state === 'fresh') this.#skipped++
          else this.#loaded++
        },
      )
    } catch (error) {
      this.failed(key, error)
    }
  }
}

/**
 * So many batches are looked up and loaded at a time, and as many more may still be on their way into the remote tiers:
 * the source goes on while those are written.
 */
class Lanes {
  readonly #concurrency: number
  readonly #running = new Set<Promise<void>>()
  #loading = 0
  #freed = () => {}

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  /** Begins; resolves when another may begin. */
  async begin(work: (loaded: () => void) => Promise<void>): Promise<void> {
    this.#loading++
    let loading = true
    const loaded = () => {
      if (loading) this.#loading--
      loading = false
      this.#freed()
    }
    const running = work(loaded).finally(() => {
      this.#running.delete(running)
      loaded()
    })
    this.#running.add(running)
    while (this.#loading >= this.#concurrency || this.#running.size >= 2 * this.#concurrency) {
      await new Promise<void>((resolve) => {
        this.#freed = resolve
      })
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#running)
  }
}

/** Loads what isn't fresh locally or far, `concurrency` loads at a time, begun at most `rate` keys a second. */
export async function warm<K>(
  chain: Chain,
  query: Query,
  keyOf: (input: K) => string,
  inputs: Iterable<K> | AsyncIterable<K>,
  options: WarmOptions = {},
): Promise<WarmReport> {
  const resolved = resolveWarm(options, query.loadAll !== undefined)
  const { concurrency, rate, batch, signal } = resolved
  const warming = new Warming(chain, query, resolved)
  const began = chain.clock.now()
  let begun = 0
  const lanes = new Lanes(concurrency)
  const start = async (items: readonly WarmItem[]) => {
    const early = (begun * 1_000) / rate - (chain.clock.now() - began)
    begun += items.length
    if (early > 0) await new Promise<void>((resolve) => chain.clock.after(early, resolve))
    if (signal?.aborted) return
    await lanes.begin((loaded) => warming.work(items, loaded))
  }
  let items: WarmItem[] = []
  const add = (input: K): boolean => {
    try {
      items.push({ key: keyOf(input), input })
    } catch (error) {
      warming.failed('', error)
    }
    return items.length >= batch
  }
  const next = () => {
    const full = items
    items = []
    return start(full)
  }
  try {
    // A plain list needs no turn of the queue per key.
    if (Symbol.asyncIterator in inputs) {
      for await (const input of inputs) {
        if (signal?.aborted) break
        if (add(input)) await next()
      }
    } else {
      for (const input of inputs) {
        if (signal?.aborted) break
        if (add(input)) await next()
      }
    }
  } finally {
    // Also when the inputs end with an error: what they brought is warmed.
    if (items.length > 0 && !signal?.aborted) await next()
    await lanes.end()
  }
  return { ...warming.report, ms: chain.clock.now() - began }
}
