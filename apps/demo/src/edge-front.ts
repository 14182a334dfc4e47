import type { IncomingMessage, RequestListener } from 'node:http'
import { edgeMiddleware } from '@tierstack/cache-cdn'
import type { CdnEdge } from '@tierstack/cache-cdn'

/** What stands between the readers and the service, and keeps what it answers. */
export interface DemoEdge {
  /** The last tier of the service's cache: purges pages when their rows change. */
  readonly tier: CdnEdge
  /** One line, for people. */
  readonly title: string
  /** For an edge that is a server of its own: where it listens, and where the service has to. */
  readonly ports?: { readonly readers: number; readonly service: number }
  /** The service as what listens for readers, or for the edge in front of it. */
  front(service: RequestListener): RequestListener
  /** To be called once the cache is closed. */
  close(): Promise<void>
}

const rowPaths = /^\/(?:cities|pages|near|countries|top)(?:[/?]|$)/

/** Whether the answer is made of rows, and so may be kept until one of them changes. */
export function isMadeOfRows({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && rowPaths.test(url)
}

/** The service, with the headers that tell an edge how long it may keep an answer and what purges it. */
export function planned(tier: CdnEdge, service: RequestListener): RequestListener {
  // No answer of the demo depends on who asks.
  const plan = edgeMiddleware(tier, { anybody: true })
  return (request, response) => {
    if (isMadeOfRows(request)) plan(request, response, () => service(request, response))
    else service(request, response)
  }
}
