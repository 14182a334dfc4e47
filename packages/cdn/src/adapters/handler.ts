import type { CdnEdge } from '../cdn-edge.ts'
import { contentHeaders, etagOf, notModified, taggedEtag } from '../conditional.ts'
import type { HeaderPlan } from '../planner.ts'
import { heldResponse } from './held-body.ts'
import { apply, Page } from './page.ts'
import { resolveRoute } from './route.ts'
import type { Route, RouteOptions } from './route.ts'

/** A web-standard handler: what Hono, Bun, Deno, and Node through `nodeListener`, take. */
export type WebHandler<Rest extends readonly unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * The same handler, whose responses tell the edge how long they live and what they are made of, and that answers
 * conditional requests. Reads made while the body streams aren't noticed: read first, then stream.
 */
export function edgeHandler<Rest extends readonly unknown[]>(
  edge: CdnEdge,
  handler: WebHandler<Rest>,
  options: RouteOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const route = resolveRoute(options)
  return async (request, ...rest) => {
    const page = new Page(edge, route)
    try {
      const response = await page.run(() => handler(request, ...rest))
      return await planned(page, route, request, response)
    } finally {
      page.close()
    }
  }
}

/** The response with its headers planned, or a 304. */
export async function planned(
  page: Page,
  route: Route,
  request: Request,
  response: Response,
): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const plan = page.plan({
    method: request.method,
    address: `${pathname}${search}`,
    status: response.status,
    asked: request.headers,
    answered: response.headers,
  })
  const headers = new Headers(response.headers)
  apply(plan, headers)
  const body = await withEtag(plan, route, response, headers)
  const modified = headers.get('last-modified')
  const validated = plan.mode === 'public' && response.status === 200
  if (validated && notModified(request.method, request.headers, headers.get('etag'), modified)) {
    await cancel(body)
    for (const name of contentHeaders) headers.delete(name)
    return new Response(null, { status: 304, headers })
  }
  const head = { status: response.status, statusText: response.statusText, headers }
  return body instanceof Uint8Array ? heldResponse(body, head) : new Response(body, head)
}

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | null

async function cancel(body: Body): Promise<void> {
  if (body instanceof ReadableStream) await body.cancel()
}

/** Gives the response a validator, for which a body that isn't too long is held. */
async function withEtag(plan: HeaderPlan, route: Route, response: Response, headers: Headers): Promise<Body> {
  const own = headers.get('etag')
  if (own !== null) headers.set('etag', taggedEtag(own, plan.tags))
  if (own !== null || plan.mode !== 'public' || response.status !== 200 || response.body === null) {
    return response.body
  }
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let held = 0
  const reader = response.body.getReader()
  while (held <= route.maxEtagBytes) {
    const { done, value } = await reader.read()
    if (done) {
      const whole = new Uint8Array(held)
      let at = 0
      for (const chunk of chunks) {
        whole.set(chunk, at)
        at += chunk.length
      }
      headers.set('etag', etagOf(whole, plan.tags))
      return whole
    }
    chunks.push(value)
    held += value.length
  }
  return rest(chunks, reader)
}

/** What was read so far, and then the rest as it comes. */
function rest(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...chunks]
  return new ReadableStream({
    async pull(controller) {
      const first = left.shift()
      if (first !== undefined) return controller.enqueue(first)
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
