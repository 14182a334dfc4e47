import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CacheError } from '@tierstack/cache-core'
import { AdminError } from './admin-error.ts'
import type { ResolvedAdminOptions } from './admin-options.ts'
import type { Administered } from './administered.ts'
import { answerNode } from './node-answer.ts'
import type { RemovalMemory } from './removal-memory.ts'

/** The admin endpoint, to be routed to by whatever server there is. */
export interface Admin {
  /** Answers a web-standard request. Never rejects. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Answers a request of `node:http`. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
  /** Whether a path belongs to the endpoint. */
  readonly owns: (path: string) => boolean
}

export interface Call {
  readonly cache: Administered
  readonly request: Request
  readonly query: URLSearchParams
  readonly options: ResolvedAdminOptions
  readonly removals: RemovalMemory
}

export type Route = (call: Call) => Promise<object> | Response
/** By method and path below the prefix: `GET stats`. */
export type Routes = Readonly<Record<string, Route>>

/** Tells what lies below a prefix, which ends with a slash; the prefix itself does with and without it. */
export function ownerOf(prefix: string): (path: string) => boolean {
  const bare = prefix.slice(0, -1)
  return (path) => path === bare || path.startsWith(prefix)
}

/** Answers those who have the token, by the routes given; everybody else the same refusal, whatever they ask for. */
export function endpoint(
  { cache, options, removals }: Pick<Call, 'cache' | 'options' | 'removals'>,
  routes: Routes,
): Admin {
  const { prefix, token } = options
  const allowed = token === undefined ? undefined : checker(token)
  const owns = ownerOf(prefix)

  async function fetch(request: Request): Promise<Response> {
    try {
      const url = new URL(request.url)
      if (allowed === undefined || !owns(url.pathname)) throw notFound()
      if (!allowed(request.headers.get('authorization'))) {
        throw new AdminError(401, 'UNAUTHORIZED', 'Expected the token of this endpoint')
      }
      const route = routeOf(routes, request.method, url.pathname.slice(prefix.length), options)
      const answer = await route({ cache, request, query: url.searchParams, options, removals })
      return answer instanceof Response ? answer : json(200, answer)
    } catch (error) {
      return failure(error)
    }
  }

  return { fetch, owns, answer: (request, response) => answerNode(fetch, request, response) }
}

function routeOf(routes: Routes, method: string, name: string, { readOnly }: ResolvedAdminOptions): Route {
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
