import { controlOf } from './cache-control.ts'
import { cacheStatus } from './cache-status.ts'
import { collect } from './collect.ts'
import type { EdgeCounters } from './edge-counters.ts'
import type { Exchange } from './exchange.ts'
import { field } from './fields.ts'
import type { Fields } from './fields.ts'
import { passingFields } from './forwarding.ts'
import type { Forwarding } from './forwarding.ts'
import { lifetimeOf } from './lifetime.ts'
import type { ResolvedOptions } from './options.ts'
import type { Answer, Origin } from './origin.ts'
import { refusal } from './storable.ts'
import type { UrlMemory } from './url-memory.ts'

/** Why a request goes to the origin for its reader alone: `fwd` and `detail` of `Cache-Status` (RFC 9211). */
export interface Pass {
  readonly fwd: 'bypass' | 'method' | 'uri-miss' | 'partial'
  readonly detail?: string | undefined
  /** To be done before the reader hears of it. */
  readonly first?: ((status: number, fields: Fields) => Promise<void>) | undefined
}

/** The way around the cache. */
export class Passing {
  readonly #options: ResolvedOptions
  readonly #origin: Origin
  readonly #urls: UrlMemory
  readonly #counters: EdgeCounters
  readonly #wall: () => number
  readonly #hidden: ReadonlySet<string>

  constructor(o: {
    readonly options: ResolvedOptions
    readonly origin: Origin
    readonly urls: UrlMemory
    readonly counters: EdgeCounters
    readonly wall: () => number
  }) {
    this.#options = o.options
    this.#origin = o.origin
    this.#urls = o.urls
    this.#counters = o.counters
    this.#wall = o.wall
    this.#hidden = new Set(o.options.tagHeaders)
  }

  /** Sends the request to the origin, and the answer to this reader alone. */
  async pass(exchange: Exchange, forwarding: Forwarding, { fwd, detail, first }: Pass): Promise<void> {
    this.#counters.passed++
    const { request, response } = exchange
    const abort = new AbortController()
    const gone = () => {
      if (!response.writableFinished) abort.abort()
    }
    response.once('close', gone)
    let answer: Answer
    try {
      answer = await this.#origin.ask(
        {
          method: String(request.method),
          path: exchange.target.path,
          fields: passingFields(exchange.fields, forwarding),
          body: hasBody(exchange.fields) ? request : undefined,
          signal: abort.signal,
          interim: (status, fields) => exchange.interim(status, fields),
        },
        this.#wall,
      )
    } catch {
      this.#counters.failed++
      exchange.refuse(502, cacheStatus(this.#options.name, { hit: false, fwd, status: 502 }))
      return
    }
    const did = cacheStatus(this.#options.name, { hit: false, fwd, status: answer.status, detail })
    if (request.method === 'GET') this.#lookAgain(exchange, answer)
    await first?.(answer.status, answer.fields)
    exchange.leads = true
    exchange.begin(answer, this.#hidden, did)
    await collect(answer, exchange, 0)
  }

  /** What used to be for one reader may have become a page for all. */
  #lookAgain(exchange: Exchange, answer: Answer): void {
    if (answer.status === 206 || answer.status === 304) return
    const control = controlOf(answer.fields)
    const life = lifetimeOf(answer.status, answer.fields, control, answer.exchanged, this.#options)
    if (refusal(exchange, answer.status, answer.fields, control, life, this.#options) === undefined)
      this.#urls.noteShared(exchange)
  }
}

export function hasBody(fields: Fields): boolean {
  const length = field(fields, 'content-length')
  return (length !== undefined && length !== '0') || field(fields, 'transfer-encoding') !== undefined
}
