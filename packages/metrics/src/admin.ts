import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CacheError } from '@tierstack/cache-core'
import { AdminError } from './admin-error.ts'
import { resolveAdminOptions } from './admin-options.ts'
import type { AdminOptions, ResolvedAdminOptions } from './admin-options.ts'
import { invalidate, purge } from './admin-removals.ts'
import { advice, entry, explain, stats, top, warm } from './admin-reports.ts'
import { tail } from './admin-tail.ts'
import type { Administered } from './administered.ts'
import { answerNode } from './node-answer.ts'

export type { AdminOptions } from './admin-options.ts'
export type { Administered } from './administered.ts'

/** The admin endpoint, to be routed to by whatever server there is. */
export interface Admin {
  /** Answers a web-standard request. Never rejects. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Answers a request of `node:http`. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
  /** Whether a path belongs to the endpoint. */
  readonly owns: (path: string) => boolean
}

interface Call {
  readonly cache: Administered
  readonly request: Request
  readonly query: URLSearchParams
  readonly options: ResolvedAdminOptions
}

type Route = (call: Call) => Promise<object> | Response

const routes: Readonly<Record<string, Route>> = {
  'GET ': ({ cache, options }) => Promise.resolve(welcome(cache, options)),
  'GET stats': ({ cache }) => stats(cache),
  'GET top': ({ cache, query, options, request }) => top(cache, query, options, request.signal),
  'GET advice': ({ options, request }) => advice(options, request.signal),
  'GET explain': ({ cache, query }) => explain(cache, query),
  'GET entry': ({ cache, query, options }) => entry(cache, query, options),
  'GET tail': ({ cache, query, options }) => tail(cache, query, options),
  'POST invalidate': ({ cache, request }) => invalidate(cache, request),
  'POST purge': ({ cache, request }) => purge(cache, request),
  'POST warm': ({ cache, request }) => warm(cache, request),
}

function welcome(cache: Administered, { readOnly, values, hideKeys }: ResolvedAdminOptions): object {
  const { namespace } = cache.stats()
  return { format: 1, namespace, pid: process.pid, readOnly, values, hideKeys, routes: Object.keys(routes) }
}

/**
 * Makes the authenticated endpoint by which operators and the command line look into a running cache and change it.
 * ADMIN.md beside this package's read-me describes what travels.
 *
 * Without a token it is off: 404 to everything. The token is compared in constant time. It gives whoever has it the
 * power to empty the cache: serve it on an inner address, over TLS.
 * @example
 * const operator = admin(cache, { token: process.env.CACHE_ADMIN_TOKEN, prefix: '/-/cache' })
 * createServer((request, response) => operator.answer(request, response)).listen(9465, '127.0.0.1')
 */
export function admin(cache: Administered, options: AdminOptions): Admin {
  const resolved = resolveAdminOptions(options)
  const { prefix, token } = resolved
  const bare = prefix.slice(0, -1)
  const allowed = token === undefined ? undefined : checker(token)
  const owns = (path: string) => path === bare || path.startsWith(prefix)

  async function fetch(request: Request): Promise<Response> {
    try {
      const url = new URL(request.url)
      if (allowed === undefined || !owns(url.pathname)) throw notFound()
      if (!allowed(request.headers.get('authorization'))) {
        throw new AdminError(401, 'UNAUTHORIZED', 'Expected the token of this endpoint')
      }
      const route = routeOf(request.method, url.pathname.slice(prefix.length), resolved)
      const answer = await route({ cache, request, query: url.searchParams, options: resolved })
      return answer instanceof Response ? answer : json(200, answer)
    } catch (error) {
      return failure(error)
    }
  }

  return { fetch, owns, answer: (request, response) => answerNode(fetch, request, response) }
}

function routeOf(method: string, name: string, { readOnly }: ResolvedAdminOptions): Route {
  const route = Object.hasOwn(routes, `${method} ${name}`) ? routes[`${method} ${name}`] : undefined
  if (route === undefined) {
    const others = ['GET', 'POST'].filter((other) => Object.hasOwn(routes, `${other} ${name}`))
    if (others.length === 0) throw notFound()
    throw new AdminError(405, 'METHOD', `Expected ${others.join(' or ')}, got ${method}`)
  }
  if (readOnly && method !== 'GET') {
    throw new AdminError(
      403,
      'READ_ONLY',
      'Expected a request that changes nothing: the endpoint is read-only',
    )
  }
  return route
}

/** Compares digests, so that neither the length nor the beginning of the token shows in the time taken. */
function checker(token: string): (header: string | null) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const wanted = digest(`Bearer ${token}`)
  return (header) => timingSafeEqual(digest(header ?? ''), wanted)
}

function notFound(): AdminError {
  return new AdminError(404, 'NOT_FOUND', 'There is nothing here')
}

function failure(error: unknown): Response {
  const { status, code, message } =
    error instanceof AdminError
      ? error
      : error instanceof CacheError
        ? { status: error.code.startsWith('INVALID') ? 400 : 503, code: error.code, message: error.message }
        : { status: 500, code: 'FAILED', message: error instanceof Error ? error.message : String(error) }
  return json(status, { error: { code, message } })
}

/** Numbers without an end are null, as JSON has none; big integers are texts. */
function json(status: number, body: object): Response {
  const text = JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  return new Response(`${text}\n`, { status, headers })
}
