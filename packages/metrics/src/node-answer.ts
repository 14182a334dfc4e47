import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

type Fetch = (request: Request) => Promise<Response>

/** Answers a request of `node:http` by a web-standard function. The request's signal is aborted when the caller leaves. */
export function answerNode(fetch: Fetch, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const left = new AbortController()
  outgoing.once('close', () => left.abort(new Error('the caller left')))
  void respond(fetch, incoming, outgoing, left.signal).catch(() => outgoing.destroy())
}

async function respond(
  fetch: Fetch,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const method = incoming.method ?? 'GET'
  const bodied = method !== 'GET' && method !== 'HEAD'
  // The path alone: what a Host header says is not to be trusted, and nothing here asks for it.
  const { pathname, search } = new URL(incoming.url ?? '/', 'http://localhost')
  const request = new Request(`http://localhost${pathname}${search}`, {
    method,
    signal,
    headers: headersOf(incoming),
    ...(bodied && { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' as const }),
  })
  const response = await fetch(request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) {
    outgoing.end()
    return
  }
  outgoing.flushHeaders()
  await pipeline(Readable.fromWeb(response.body), outgoing)
}

function headersOf({ headers }: IncomingMessage): Headers {
  const own = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) own.set(name, [value].flat().join(', '))
  }
  return own
}
