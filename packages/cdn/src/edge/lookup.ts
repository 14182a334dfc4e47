import type { Cache } from '@tierstack/cache-core'

import { partKey, variantKey } from './cache-key.ts'
import { cacheStatus } from './cache-status.ts'
import { rangeApplies } from './conditional.ts'
import { newEdgeCounters } from './edge-counters.ts'
import type { EdgeCounters } from './edge-counters.ts'
import type { Exchange } from './exchange.ts'
import { field } from './fields.ts'
import type { Fields } from './fields.ts'
import type { Filler, Found } from './filling.ts'
import type { Forwarding } from './forwarding.ts'
import type { ResolvedOptions } from './options.ts'
import type { Origin } from './origin.ts'
import { ageOf, isFresh, isServable, suits } from './page.ts'
import type { Page, Part } from './page.ts'
import { Passing } from './passing.ts'
import type { Pass } from './passing.ts'
import { spanOf } from './range.ts'
import type { Span } from './range.ts'
import type { PageServer } from './serve-page.ts'
import { UrlMemory } from './url-memory.ts'
import { variantOf } from './vary.ts'

const freshOnly = { maxStale: 0 }
/** However stale, as long as it is kept. */
const anyAge = { maxStale: Number.MAX_SAFE_INTEGER }
/** How often a reader looks again, when what it waited for was for somebody else. */
const patience = 3

/** Finds the page for a request, or has it fetched. */
export class Lookup {
  readonly counters: EdgeCounters = newEdgeCounters()
  readonly #options: ResolvedOptions
  readonly #cache: Cache
  readonly #filler: Filler
  readonly #pages: PageServer
  readonly #wall: () => number
  readonly #passing: Passing
  readonly #urls = new UrlMemory()

  constructor(o: {
    readonly options: ResolvedOptions
    readonly cache: Cache
    readonly filler: Filler
    readonly origin: Origin
    readonly pages: PageServer
    readonly wall: () => number
  }) {
    this.#options = o.options
    this.#cache = o.cache
    this.#filler = o.filler
    this.#pages = o.pages
    this.#wall = o.wall
    this.#passing = new Passing({ ...o, urls: this.#urls, counters: this.counters })
  }

  /** A fresh page in the memory of this process, for a request with these fields. */
  peek(key: string, asked: Fields, now: number): Page | undefined {
    const first = this.#cache.peek(key, freshOnly) as Page | undefined
    if (first === undefined) return undefined
    if (suits(first, asked)) return isFresh(first, now) ? first : undefined
    const other = this.#cache.peek(variantKey(key, first.id, variantOf(first.names, asked)), freshOnly)
    const page = other as Page | undefined
    return page !== undefined && suits(page, asked) && isFresh(page, now) ? page : undefined
  }

  async serve(exchange: Exchange, forwarding: Forwarding): Promise<void> {
    const { key } = exchange.target
    const now = this.#wall()
    if (field(exchange.fields, 'cache-control')?.includes('only-if-cached')) {
      exchange.refuse(
        504,
        cacheStatus(this.#options.name, { hit: false, fwd: 'request', detail: 'only-if-cached' }),
      )
      return
    }
    const head = exchange.request.method === 'HEAD'
    const unshared = this.#urls.unshared(exchange, now)
    if (exchange.part || head) {
      const page = await this.#kept(exchange)
      if (page !== undefined) this.#answer(exchange, page, false)
      else if (head) await this.pass(exchange, forwarding, { fwd: 'uri-miss' })
      else await this.#part(exchange, forwarding, unshared)
      return
    }
    if (unshared !== undefined) {
      await this.pass(exchange, forwarding, { fwd: 'bypass', detail: unshared })
      return
    }
    const found = await this.#find(exchange, forwarding, key)
    if (exchange.answered) {
      this.#countMiss(exchange)
      return
    }
    if (found === undefined || found.kind === 'unshared')
      await this.pass(exchange, forwarding, { fwd: 'bypass' })
    else if (found.kind === 'failed') {
      this.counters.failed++
      exchange.refuse(
        found.status,
        cacheStatus(this.#options.name, { hit: false, fwd: 'uri-miss', status: found.status }),
      )
    } else this.#answer(exchange, found, exchange.leads)
  }

  /** Sends the request to the origin, and the answer to this reader alone. */
  pass(exchange: Exchange, forwarding: Forwarding, pass: Pass): Promise<void> {
    return this.#passing.pass(exchange, forwarding, pass)
  }

  /** A range of a page that isn't kept whole: from a part that is, or from the origin. */
  async #part(exchange: Exchange, forwarding: Forwarding, unshared: string | undefined): Promise<void> {
    const entry = partKey(exchange.target.key)
    const now = this.#wall()
    const page = (await this.#cache.get(entry, freshOnly)) as Page | undefined
    const span =
      page?.part && suits(page, exchange.fields) && isFresh(page, now)
        ? within(exchange, page.part)
        : undefined
    if (page?.part && span !== undefined && rangeApplies(exchange.fields, page.fields)) {
      this.counters.hits++
      this.#pages.part(page, page.part, span, exchange.response, now)
      return
    }
    if (unshared === undefined) {
      const widen = (names: readonly string[]) => names
      const filling = { exchange, forwarding, names: undefined, known: undefined, widen }
      // Ranges differ: nobody waits for another's.
      await this.#cache.getOrSet(entry, (context) => this.#filler.fill(context, filling), {
        forceFresh: true,
      })
    }
    if (exchange.answered) this.#countMiss(exchange)
    else await this.pass(exchange, forwarding, { fwd: 'partial' })
  }

  /** Its answer came from the origin as the fetch went on; a reader who left before that had none. */
  #countMiss(exchange: Exchange): void {
    if (exchange.response.headersSent) this.counters.misses++
  }

  /** A fresh page, wherever it is, without fetching. */
  async #kept(exchange: Exchange): Promise<Page | undefined> {
    const { key } = exchange.target
    const first = (await this.#cache.get(key, freshOnly)) as Page | undefined
    const page =
      first === undefined || suits(first, exchange.fields)
        ? first
        : ((await this.#cache.get(
            variantKey(key, first.id, variantOf(first.names, exchange.fields)),
            freshOnly,
          )) as Page | undefined)
    return page !== undefined && suits(page, exchange.fields) && isFresh(page, this.#wall())
      ? page
      : undefined
  }

  async #find(exchange: Exchange, forwarding: Forwarding, key: string): Promise<Found | undefined> {
    let first = this.#cache.peek(key) as Page | undefined
    for (let attempt = 0; attempt < patience; attempt++) {
      const own = first === undefined || suits(first, exchange.fields)
      const entry = own
        ? key
        : variantKey(key, first?.id ?? '', variantOf(first?.names ?? [], exchange.fields))
      const found = await this.#load(exchange, forwarding, entry, own ? undefined : first?.names)
      if (exchange.answered || found.kind !== 'page') {
        this.#remember(exchange, found)
        return found
      }
      const suiting = suits(found, exchange.fields)
      if (suiting && (exchange.leads || isServable(found, this.#wall()))) return found
      if (suiting) this.#urls.noteAsks(entry, this.#wall())
      else if (own) first = found
      else return undefined
    }
    return undefined
  }

  async #load(
    exchange: Exchange,
    forwarding: Forwarding,
    entry: string,
    names: readonly string[] | undefined,
  ): Promise<Found> {
    const { key } = exchange.target
    const asks = this.#urls.asks(entry, this.#wall())
    const known = asks ? ((await this.#cache.get(entry, anyAge)) as Page | undefined) : undefined
    const widen = (more: readonly string[]) => this.#urls.widen(key, more, this.#wall())
    return await this.#cache.getOrSet(
      entry,
      (context) => this.#filler.fill(context, { exchange, forwarding, names, known, widen }),
      // Such a page is shared with nobody, so nobody need wait for another.
      asks ? { forceFresh: true } : undefined,
    )
  }

  #remember(exchange: Exchange, found: Found): void {
    if (found.kind !== 'unshared') return
    // All variants of the URL are told apart by one list of names: it begins anew.
    if (found.why === 'variants') void this.#cache.delete(exchange.target.key)
    else this.#urls.noteUnshared(exchange, found.why, this.#wall())
  }

  #answer(exchange: Exchange, page: Page, fetched: boolean): void {
    const now = this.#wall()
    const fresh = isFresh(page, now)
    const ttl = Math.ceil((page.fresh - ageOf(page, now)) / 1000)
    if (fetched) this.counters.revalidated++
    else if (fresh) this.counters.hits++
    else this.counters.stale++
    const did = fetched
      ? cacheStatus(this.#options.name, { hit: false, fwd: 'stale', status: 304, ttl, stored: true })
      : cacheStatus(this.#options.name, { hit: true, ttl })
    this.#pages.send(page, exchange.request, exchange.response, now, did)
  }
}

/** The bytes that a request wants, when a part has them all. */
function within(exchange: Exchange, part: Part): Span | undefined {
  if (exchange.range === part.asked) return part
  const span = spanOf(exchange.range, part.total)
  if (span === undefined || span === 'unsatisfiable') return undefined
  return span.first >= part.first && span.last <= part.last ? span : undefined
}
