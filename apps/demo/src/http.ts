import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CacheError } from '@tierstack/cache-core'
import type { AccessLog } from './access-log.ts'
import type { Caching } from './caching.ts'
import type { Database } from './database/database.ts'
import { DatabaseError } from './database/database.ts'
import type { Queries } from './database/queries.ts'
import type { DemoEdge } from './edge-front.ts'
import { cityPage, topPage } from './edge-pages.ts'
import { indexPage } from './index-page.ts'
import { BadRequest, readCode, readEdit, readId, readPlace, readPrefix } from './requests.ts'
import type { Operations } from './operations.ts'
import type { PageViews } from './page-views.ts'
import type { Served, ServedReads } from './served.ts'

export interface Parts {
  readonly caching: Caching
  readonly served: ServedReads
  readonly queries: Queries
  readonly database: Database
  readonly accessLog: AccessLog
  readonly operations: Operations
  readonly pageViews: PageViews
  readonly tierTitles: readonly string[]
  /** What stands in front, if anything. */
  readonly edge?: DemoEdge | undefined
}

interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Made of what was read from the cache: an edge may keep it. */
  readonly made?: true
}

interface Route {
  readonly method: 'GET' | 'PATCH' | 'POST'
  readonly path: RegExp
  answer(parts: Parts, request: IncomingMessage, url: URL, match: readonly string[]): Promise<Reply>
}

/** What a reader gets, with who served it in a header that browsers show. */
function answered({ value, source, ms }: Served<unknown>, missing: string): Reply {
  const headers = { 'server-timing': `${source.replaceAll(/[^\w-]/g, '-')};dur=${ms.toFixed(3)}` }
  return value === null
    ? { status: 404, body: { error: missing }, headers, made: true }
    : { status: 200, body: value, headers, made: true }
}

/** As a page for people; what isn't there stays an error. */
function asPage(reply: Reply, page: string): Reply {
  if (reply.status !== 200) return reply
  return { ...reply, body: page, headers: { ...reply.headers, 'content-type': 'text/html; charset=utf-8' } }
}

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/$/,
    async answer({ database, tierTitles }, request) {
      const body = indexPage([...tierTitles, database.title], request.headers.host ?? 'localhost')
      return { status: 200, body, headers: { 'content-type': 'text/html; charset=utf-8' } }
    },
  },
  {
    method: 'GET',
    path: /^\/cities\/([^/]*)$/,
    async answer({ caching, served, accessLog }, _request, _url, [text = '']) {
      const id = readId(text)
      const read = await served.read(caching.cityById, id)
      if (read.value) accessLog.note(id)
      return answered(read, `There is no city ${id}.`)
    },
  },
  {
    method: 'GET',
    path: /^\/pages\/cities\/([^/]*)$/,
    async answer({ caching, served, accessLog }, _request, _url, [text = '']) {
      const id = readId(text)
      const read = await served.read(caching.cityById, id)
      if (read.value) accessLog.note(id)
      return asPage(answered(read, `There is no city ${id}.`), read.value ? cityPage(read.value) : '')
    },
  },
  {
    method: 'GET',
    path: /^\/pages\/top$/,
    async answer({ caching, served }) {
      const read = await served.read(caching.topCities, 'all')
      return asPage(answered(read, ''), topPage(read.value))
    },
  },
  {
    method: 'PATCH',
    path: /^\/cities\/([^/]*)$/,
    async answer({ caching }, request, _url, [text = '']) {
      const id = readId(text)
      const edited = await caching.editCity(id, await readEdit(request))
      if (!edited) return { status: 404, body: { error: `There is no city ${id}.` } }
      return { status: 200, body: edited }
    },
  },
  {
    // As somebody with psql would: the cache isn't told, the change feed is.
    method: 'POST',
    path: /^\/behind\/cities\/([^/]*)$/,
    async answer({ queries }, request, _url, [text = '']) {
      const id = readId(text)
      const edited = await queries.updateCity(id, await readEdit(request))
      if (!edited) return { status: 404, body: { error: `There is no city ${id}.` } }
      return { status: 200, body: edited.city }
    },
  },
  {
    method: 'GET',
    path: /^\/cities\/([^/]*)\/views$/,
    async answer({ pageViews }, _request, _url, [text = '']) {
      return { status: 200, body: { views: await pageViews.of(readId(text)) } }
    },
  },
  {
    // As a page does once it is shown. The answer is the acknowledgement: from there on no crash loses the view.
    method: 'POST',
    path: /^\/cities\/([^/]*)\/views$/,
    async answer({ pageViews }, _request, _url, [text = '']) {
      return { status: 202, body: { views: await pageViews.note(readId(text)) } }
    },
  },
  {
    method: 'GET',
    path: /^\/cities$/,
    async answer({ caching, served }, _request, url) {
      return answered(await served.read(caching.citiesByName, readPrefix(url.searchParams)), '')
    },
  },
  {
    method: 'GET',
    path: /^\/near$/,
    async answer({ caching, served }, _request, url) {
      return answered(await served.read(caching.nearestCities, readPlace(url.searchParams)), '')
    },
  },
  {
    method: 'GET',
    path: /^\/countries\/([^/]*)\/stats$/,
    async answer({ caching, served }, _request, _url, [text = '']) {
      const country = readCode(text)
      return answered(
        await served.read(caching.countryStats, country),
        `There is no city in a country ${country}.`,
      )
    },
  },
  {
    method: 'GET',
    path: /^\/top$/,
    async answer({ caching, served }) {
      return answered(await served.read(caching.topCities, 'all'), '')
    },
  },
  {
    method: 'GET',
    path: /^\/stats$/,
    async answer({ caching, database }) {
      return { status: 200, body: { ...caching.cache.stats(), database: database.ledger.counts() } }
    },
  },
  {
    method: 'GET',
    path: /^\/health$/,
    async answer({ caching, queries }) {
      const tiers = await caching.cache.health()
      const database = await queries.ping().then(
        () => 'up',
        () => 'down',
      )
      return { status: database === 'up' ? 200 : 503, body: { database, tiers } }
    },
  },
]

async function route(parts: Parts, request: IncomingMessage): Promise<Reply> {
  const method = request.method === 'HEAD' ? 'GET' : request.method
  if (!URL.canParse(request.url ?? '', 'http://localhost')) throw new BadRequest('Expected a URL, got none.')
  const url = new URL(request.url ?? '', 'http://localhost')
  const there = routes.filter(({ path }) => path.test(url.pathname))
  const found = there.find((candidate) => candidate.method === method)
  if (found) return found.answer(parts, request, url, found.path.exec(url.pathname)?.slice(1) ?? [])
  if (there.length === 0) return { status: 404, body: { error: `There is nothing at ${url.pathname}.` } }
  const allow = there.map((candidate) => candidate.method).join(', ')
  return { status: 405, body: { error: `Expected ${allow}, got ${request.method}.` }, headers: { allow } }
}

function failed(error: unknown): Reply {
  if (error instanceof BadRequest) return { status: 400, body: { error: error.message } }
  if (error instanceof DatabaseError || error instanceof CacheError) {
    return { status: 503, body: { error: error.message }, headers: { 'retry-after': '1' } }
  }
  console.error(error)
  return { status: 500, body: { error: 'Something unexpected happened; the log of the demo has it.' } }
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply, kept: boolean): void {
  const { status, body, headers } = reply
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  response.statusCode = status
  const all = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }
  for (const [name, value] of Object.entries(all)) response.setHeader(name, value)
  // What an edge keeps gets its life from the edge's tier.
  if (!kept) response.setHeader('cache-control', 'no-store')
  response.end(request.method === 'HEAD' ? undefined : text)
}

/** The service, not yet listening. Every answer but the index page and `/metrics` is JSON; every error one sentence in `error`. */
export function createHttp(parts: Parts): Server {
  const { page, operator, live } = parts.operations
  const service = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?')[0] ?? ''
    if (path === '/metrics') {
      page.answer(request, response)
      return
    }
    if (operator.owns(path)) {
      operator.answer(request, response)
      return
    }
    if (live.owns(path)) {
      live.answer(request, response)
      return
    }
    void route(parts, request)
      .catch(failed)
      .then((reply) => send(request, response, reply, reply.made === true && parts.edge !== undefined))
  }
  return createServer(parts.edge ? parts.edge.front(service) : service)
}

/** Listens on the loopback; resolves to the port. Rejects when the port is taken. */
export async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
