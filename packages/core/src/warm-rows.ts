import type { Chain } from './chain.ts'
import { pause } from './deadline.ts'
import type { NextRows, WarmOptions, WarmReport } from './definition.ts'
import { expectation } from './expectation.ts'
import type { Query } from './query.ts'
import { Lanes } from './warm-lanes.ts'
import { openPage, placesOf, takesPages } from './warm-page.ts'
import type { Opening, Row } from './warm-page.ts'
import { vouched } from './warm-start.ts'
import { resolveWarm, Warming } from './warming.ts'

/** An opening that is older than this when its page is to be read is taken anew: more removals would void it. */
const longestWait = 100

type Page<K> = readonly (readonly [K, unknown])[] | undefined

/** A page on its way, and what was taken before it was asked for. */
interface Turn<K> {
  readonly opening: Opening
  readonly beganAt: number
  readonly page: Promise<Page<K>>
}

/** The pages of a source, one after the other, each asked for after its opening was taken. */
class Pages<K> {
  readonly #chain: Chain
  readonly #next: (context: { readonly signal: AbortSignal }) => Promise<Page<K>> | Page<K>
  readonly #signal: AbortSignal
  #ahead: Promise<Opening> | undefined

  constructor(chain: Chain, next: NextRows<K, unknown>, signal: AbortSignal) {
    this.#chain = chain
    this.#next = next
    this.#signal = signal
  }

  /** Asks for the next page. While it is read, the opening of the one after is taken. */
  async ask(ahead: boolean): Promise<Turn<K>> {
    const { clock, bulkhead } = this.#chain
    let opening = await (this.#ahead ?? openPage(this.#chain))
    if (clock.now() - opening.startedAt > longestWait) opening = await openPage(this.#chain)
    this.#ahead = ahead ? openPage(this.#chain) : undefined
    const beganAt = clock.now()
    const page = bulkhead.run(() => this.#next({ signal: this.#signal }))
    // Whoever waits for it hears of it; after a cancellation nobody does.
    page.catch(() => {})
    return { opening, beganAt, page }
  }
}

/** Warms from pages of rows. `apart`: the rows may lag behind what readers get, so only their inputs count. */
export async function warmRows<K>(
  chain: Chain,
  query: Query,
  keyOf: (input: K) => string,
  next: NextRows<K, unknown>,
  o: { readonly options: WarmOptions | undefined; readonly apart: boolean },
): Promise<WarmReport> {
  if (typeof next !== 'function') throw expectation('next', 'a function that brings a page of rows', next)
  const resolved = resolveWarm(o.options ?? {}, true)
  const { concurrency, rate, fill } = resolved
  const signal = resolved.signal ?? new AbortController().signal
  const warming = new Warming(chain, query, resolved)
  const lanes = new Lanes(concurrency)
  const pages = new Pages(chain, next, signal)
  const began = chain.clock.now()
  await vouched(chain, signal)
  const vouchedAt = chain.clock.now()
  const whole = takesPages(chain, query) && !o.apart
  let begun = 0
  const store = async (turn: Turn<K>, page: NonNullable<Page<K>>) => {
    const { opening, beganAt } = turn
    const read = { opening, beganAt, ms: chain.clock.now() - beganAt }
    const rows = rowsOf(page, placesOf(opening), (input) => warming.keyOf(keyOf, input))
    begun += rows.length
    for (let i = 0; i < rows.length && !signal.aborted; i += fill) {
      const some = rows.length <= fill ? rows : rows.slice(i, i + fill)
      await lanes.begin(async (loaded) => {
        if (!whole || warming.resting) return await warming.work(some, loaded)
        loaded()
        await warming.page(some, read)
      })
    }
  }
  try {
    let turn = await pages.ask(rate === Number.POSITIVE_INFINITY)
    while (!signal.aborted) {
      const page = await turn.page
      if (page === undefined || signal.aborted) break
      if (rate === Number.POSITIVE_INFINITY) {
        const at = turn
        // On its way while this one is stored.
        turn = await pages.ask(true)
        await store(at, page)
      } else {
        await store(turn, page)
        const early = (begun * 1_000) / rate - (chain.clock.now() - vouchedAt)
        if (early > 0) await pause(chain.clock, early)
        if (!signal.aborted) turn = await pages.ask(false)
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await lanes.end()
  }
  return { ...warming.report, ms: chain.clock.now() - began }
}

function rowsOf<K>(
  page: readonly (readonly [K, unknown])[],
  places: Row['places'],
  keyOf: (input: K) => string | undefined,
): Row[] {
  const rows: Row[] = []
  for (const [input, value] of page) {
    const key = keyOf(input)
    if (key !== undefined) rows.push({ key, input, places, value })
  }
  return rows
}
