import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createCache, systemClock } from '@tierstack/cache-core'
import type { Cache } from '@tierstack/cache-core'

import { targetOf } from './cache-key.ts'
import type { Target } from './cache-key.ts'
import type { EdgeCounters } from './edge-counters.ts'
import { Exchange, refuse } from './exchange.ts'
import { field, members } from './fields.ts'
import type { Fields } from './fields.ts'
import { Filler } from './filling.ts'
import { stripsProtected } from './forwarding.ts'
import type { Forwarding } from './forwarding.ts'
import { Lookup } from './lookup.ts'
import { resolveOptions } from './options.ts'
import type { EdgeOptions, ResolvedOptions } from './options.ts'
import { Origin } from './origin.ts'
import { hasBody } from './passing.ts'
import { hostsOf, isPlain, plainHost } from './plain-request.ts'
import { PurgeEndpoint } from './purge-request.ts'
import { invalidateAfter, purge } from './purging.ts'
import { PageServer } from './serve-page.ts'

/** A shared HTTP cache in this process. */
export interface Edge extends AsyncDisposable {
  /** Answers requests: `createServer(edge.listener)` is a reverse proxy. */
  readonly listener: RequestListener
  /** For `app.use(edge.middleware)` in the application that is its own `origin`. */
  readonly middleware: (request: IncomingMessage, response: ServerResponse, next: () => void) => void
  /** Forgets pages by the tags they came with, in all processes that share the tiers. */
  purgeTags(tags: readonly string[], options?: { readonly soft?: boolean }): Promise<void>
  /** Forgets pages by URL, all variants. Absolute URLs, as readers ask for them. */
  purgeUrls(urls: readonly (string | URL)[], options?: { readonly soft?: boolean }): Promise<void>
  /** Forgets everything. */
  purgeAll(): Promise<void>
  /** Counts since the start. */
  stats(): Readonly<EdgeCounters>
  /** The chain of tiers beneath, for its events and statistics. */
  readonly cache: Cache
  /** Ends the tiers and the connections to the origin. Requests that still come are refused. */
  close(): Promise<void>
}

/**
 * Builds a shared HTTP cache (RFC 9111) over tiers of its own. Throws `INVALID_OPTION` for options that can't be meant.
 */
export function edge(options: EdgeOptions): Edge {
  return new EmbeddedEdge(resolveOptions(options))
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

class EmbeddedEdge implements Edge {
  readonly cache: Cache
  readonly #options: ResolvedOptions
  readonly #origin: Origin
  readonly #lookup: Lookup
  readonly #pages: PageServer
  readonly #endpoint: PurgeEndpoint
  readonly #wall: () => number
  /** Pending until what was left in shared tiers is dropped. */
  #beginning: Promise<unknown> | undefined
  #closed = false

  constructor(options: ResolvedOptions) {
    const clock = options.clock ?? systemClock
    this.#options = options
    this.#wall = () => clock.wall()
    const hard = options.originTimeout * 2
    this.cache = createCache({
      namespace: options.namespace,
      tiers: options.tiers,
      clock,
      jitter: false,
      isolation: 'reference',
      timeouts: { hard, lock: options.originTimeout },
      bulkhead: { concurrentLoads: options.originConnections },
    })
    this.#origin = new Origin(options.origin, {
      timeout: options.originTimeout,
      connections: options.originConnections,
    })
    this.#pages = new PageServer(options.name)
    this.#lookup = new Lookup({
      options,
      cache: this.cache,
      filler: new Filler(options, this.#origin, this.#wall),
      origin: this.#origin,
      pages: this.#pages,
      wall: this.#wall,
    })
    this.#endpoint = new PurgeEndpoint(options.purgeToken, (what) => purge(this.cache, what))
    const shares = options.tiers.some(({ kind }) => kind === 'remote')
    if (shares && !options.keepShared) this.#beginning = this.#dropShared()
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.#hit(request, response)) return
    this.#serve(request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else refuse(response, 500)
    })
  }

  readonly middleware = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (this.#origin.isOwn(request.socket)) next()
    else this.listener(request, response)
  }

  /** A request that asks for nothing in particular, for a fresh page in memory: synchronously, and nothing else. */
  #hit(request: IncomingMessage, response: ServerResponse): boolean {
    const { method } = request
    if ((method !== 'GET' && method !== 'HEAD') || this.#closed) return false
    const fields: Fields = request.rawHeaders
    const host = plainHost(fields)
    if (host === undefined) return false
    const target = targetOf(host, String(request.url))
    if (target === undefined || !this.#serves(target)) return false
    const now = this.#wall()
    const page = this.#lookup.peek(target.key, fields, now)
    if (page === undefined) return false
    this.#lookup.counters.hits++
    if (isPlain(fields)) this.#pages.whole(page, response, method === 'HEAD', now)
    else this.#pages.send(page, request, response, now)
    return true
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fields: Fields = request.rawHeaders
    const target = targetOf(field(fields, 'host'), String(request.url))
    if (PurgeEndpoint.takes(request.method)) {
      await this.#endpoint.answer(request, response, target)
      return
    }
    const refused = this.#refusal(fields, target)
    if (target === undefined || refused !== undefined) {
      request.resume()
      refuse(response, refused ?? 400)
      return
    }
    if (this.#beginning !== undefined) await this.#beginning
    const exchange = new Exchange(request, response, target)
    const forwarding: Forwarding = {
      host: target.host,
      peer: request.socket.remoteAddress ?? 'unknown',
      secure: 'encrypted' in request.socket,
      name: this.#options.name,
    }
    const { method } = request
    if (method === 'GET' || method === 'HEAD') {
      if (hasBody(fields)) await this.#lookup.pass(exchange, forwarding, { fwd: 'bypass' })
      else await this.#lookup.serve(exchange, forwarding)
      return
    }
    await this.#unsafe(exchange, forwarding)
  }

  async #dropShared(): Promise<void> {
    try {
      await this.cache.clear()
    } catch {
      // A tier that doesn't answer is asked again before anything of it is trusted.
    } finally {
      this.#beginning = undefined
    }
  }

  async #unsafe(exchange: Exchange, forwarding: Forwarding): Promise<void> {
    const first = safe.has(String(exchange.request.method))
      ? undefined
      : (status: number, fields: Fields) => invalidateAfter(this.cache, exchange.target, status, fields)
    await this.#lookup.pass(exchange, forwarding, { fwd: 'method', first })
  }

  #refusal(fields: Fields, target: Target | undefined): number | undefined {
    if (this.#closed) return 503
    if (target === undefined || stripsProtected(fields) || hostsOf(fields) !== 1) return 400
    if (!this.#serves(target)) return 421
    const loops = members(field(fields, 'via')).filter((hop) => hop.split(' ')[1] === this.#options.name)
    return loops.length >= 3 ? 508 : undefined
  }

  #serves(target: Target): boolean {
    const { hosts } = this.#options
    return hosts === 'any' || hosts.has(target.host)
  }

  async purgeTags(tags: readonly string[], options: { readonly soft?: boolean } = {}): Promise<void> {
    await purge(this.cache, { tags, soft: options.soft === true })
  }

  async purgeUrls(urls: readonly (string | URL)[], options: { readonly soft?: boolean } = {}): Promise<void> {
    const targets = urls.flatMap((url) => targetOf(undefined, String(url)) ?? [])
    await purge(this.cache, { urls: targets, soft: options.soft === true })
  }

  async purgeAll(): Promise<void> {
    await purge(this.cache, { all: true })
  }

  stats(): Readonly<EdgeCounters> {
    return { ...this.#lookup.counters }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.cache.close()
    await this.#origin.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
