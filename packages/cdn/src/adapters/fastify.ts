import type { ServerResponse } from 'node:http'
import type { CdnEdge } from '../cdn-edge.ts'
import { contentHeaders, etagOf, notModified, taggedEtag } from '../conditional.ts'
import { apply, Page } from './page.ts'
import { resolveRoute } from './route.ts'
import type { RouteOptions } from './route.ts'

interface FastifyRequestLike {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

interface FastifyReplyLike {
  readonly raw: ServerResponse
  readonly statusCode: number
  code(status: number): unknown
  getHeader(name: string): string | number | readonly string[] | undefined
  header(name: string, value: string): unknown
  removeHeader(name: string): unknown
}

type Done = (error?: Error | null, payload?: unknown) => void

/** A Fastify instance: its own types, whatever plugins made of them. */
export interface FastifyLike {
  addHook(name: never, hook: never): unknown
}

/** What of it is used. */
interface Hooks {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => void,
  ): unknown
  addHook(
    name: 'onSend',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, payload: unknown, done: Done) => void,
  ): unknown
}

const textOf = (value: string | number | readonly string[] | undefined): string | null =>
  value === undefined ? null : typeof value === 'object' ? value.join(', ') : String(value)

/**
 * Adds the hooks that plan headers to a Fastify instance, or to the part of it that a plugin encapsulates. Register it
 * before plugins that compress.
 */
export function fastifyEdge(instance: FastifyLike, edge: CdnEdge, options: RouteOptions = {}): void {
  const route = resolveRoute(options)
  const pages = new WeakMap<FastifyRequestLike, Page>()
  const hooks: Hooks = instance
  hooks.addHook('onRequest', (request, reply, done) => {
    const page = new Page(edge, route)
    pages.set(request, page)
    reply.raw.once('close', () => page.close())
    page.run(done)
  })
  hooks.addHook('onSend', (request, reply, payload, done) => {
    const page = pages.get(request)
    if (page === undefined) return done(null, payload)
    const asked = { get: (name: string) => textOf(request.headers[name]) }
    const answered = { get: (name: string) => textOf(reply.getHeader(name)) }
    const { method, url } = request
    const plan = page.plan({ method, address: url, status: reply.statusCode, asked, answered })
    apply(plan, {
      delete: (name) => reply.removeHeader(name),
      append: (name, value) => reply.header(name, value),
    })
    if (plan.mode !== 'public' || reply.statusCode !== 200) return done(null, payload)
    const own = answered.get('etag')
    if (own !== null) reply.header('etag', taggedEtag(own, plan.tags))
    else if (typeof payload === 'string' || payload instanceof Uint8Array) {
      if (payload.length <= route.maxEtagBytes) reply.header('etag', etagOf(payload, plan.tags))
    }
    if (!notModified(method, asked, answered.get('etag'), answered.get('last-modified'))) {
      return done(null, payload)
    }
    reply.code(304)
    for (const name of contentHeaders) reply.removeHeader(name)
    // A stream that nobody reads would never be closed.
    if (isDestroyable(payload)) payload.destroy()
    done(null, '')
  })
}

function isDestroyable(payload: unknown): payload is { destroy(): void } {
  return typeof payload === 'object' && payload !== null && 'destroy' in payload
}
