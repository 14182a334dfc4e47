import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CdnEdge } from '../cdn-edge.ts'
import { contentHeaders, etagOf, notModified, taggedEtag } from '../conditional.ts'
import type { HeaderReader } from '../privacy.ts'
import { apply, Page } from './page.ts'
import { resolveRoute } from './route.ts'
import type { Route, RouteOptions } from './route.ts'

/** For `node:http`, Express, Connect and their kin. */
export type NodeMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Middleware that plans the headers of what comes after it, and answers conditional requests where the body is given
 * to `end` as a whole. To be used before any that compresses.
 */
export function edgeMiddleware(edge: CdnEdge, options: RouteOptions = {}): NodeMiddleware {
  const route = resolveRoute(options)
  return (request, response, next) => {
    const page = new Page(edge, route)
    response.once('close', () => page.close())
    watch(page, route, request, response)
    page.run(next)
  }
}

type Given = OutgoingHttpHeaders | readonly unknown[] | undefined

/** Puts the plan in between the application and the first byte of the head. */
function watch(page: Page, route: Route, request: IncomingMessage, response: ServerResponse): void {
  const asked = asReader((name) => request.headers[name])
  const method = request.method ?? 'GET'
  const writeHead = response.writeHead.bind(response) as (status: number, reason?: string) => ServerResponse
  const end = response.end.bind(response) as (...rest: unknown[]) => ServerResponse
  let plans = true
  const plan = (status: number) => {
    plans = false
    const plan = page.plan({
      method,
      address: request.url ?? '/',
      status,
      asked,
      answered: asReader((name) => response.getHeader(name)),
    })
    apply(plan, {
      delete: (name) => response.removeHeader(name),
      append: (name, value) => response.appendHeader(name, value),
    })
    const own = response.getHeader('etag')
    if (typeof own === 'string') response.setHeader('etag', taggedEtag(own, plan.tags))
    return plan
  }
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const reason = typeof rest[0] === 'string' ? rest[0] : undefined
    setAll(response, (reason === undefined ? rest[0] : rest[1]) as Given)
    // An interim answer isn't the one that is planned.
    if (plans && status >= 200) plan(status)
    return reason === undefined ? writeHead(status) : writeHead(status, reason)
  }
  response.end = ((chunk?: unknown, ...rest: unknown[]) => {
    const body = bytesOf(chunk, rest[0])
    if (!plans || response.headersSent || body === undefined || response.statusCode !== 200) {
      return end(chunk, ...rest)
    }
    const { mode, tags } = plan(200)
    if (mode !== 'public') return end(chunk, ...rest)
    if (!response.hasHeader('etag') && body.length <= route.maxEtagBytes && method !== 'HEAD') {
      response.setHeader('etag', etagOf(body, tags))
    }
    const modified = textOf(response.getHeader('last-modified'))
    if (!notModified(method, asked, textOf(response.getHeader('etag')), modified)) return end(chunk, ...rest)
    response.statusCode = 304
    for (const name of contentHeaders) response.removeHeader(name)
    return end()
  }) as ServerResponse['end']
}

/** The whole body, when it was given at once. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  if (chunk instanceof Uint8Array) return chunk
  return chunk === undefined || chunk === null || typeof chunk === 'function' ? new Uint8Array() : undefined
}

function setAll(response: ServerResponse, given: Given): void {
  if (given === undefined || given === null) return
  if (!Array.isArray(given)) {
    for (const [name, value] of Object.entries(given as OutgoingHttpHeaders)) {
      if (value !== undefined) response.setHeader(name, value)
    }
    return
  }
  // Pairs, or names and values in turn.
  const flat = given.flat() as string[]
  for (let i = 0; i + 1 < flat.length; i += 2) response.appendHeader(flat[i] as string, flat[i + 1] as string)
}

function asReader(get: (name: string) => string | number | readonly string[] | undefined): HeaderReader {
  return { get: (name) => textOf(get(name)) }
}

function textOf(value: string | number | readonly string[] | undefined): string | null {
  if (value === undefined) return null
  return typeof value === 'object' ? value.join(', ') : String(value)
}
