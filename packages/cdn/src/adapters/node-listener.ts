import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { heldBody } from './held-body.ts'

/** Serves a web-standard handler with `node:http`: `createServer(nodeListener(handler))`. */
export function nodeListener(
  handler: (request: Request) => Response | Promise<Response>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (incoming, outgoing) => {
    void serve(handler, incoming, outgoing).catch(() => {
      // Nothing of what went wrong goes out, and no cache keeps it.
      if (outgoing.headersSent) outgoing.destroy()
      else refused(outgoing, 500)
    })
  }
}

/** Says no more than that, whatever the head was going to be. */
function refused(outgoing: ServerResponse, status: number): void {
  for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name)
  outgoing.writeHead(status, { 'cache-control': 'no-store' }).end()
}

async function serve(
  handler: (request: Request) => Response | Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = requestOf(incoming)
  if (request === undefined) {
    refused(outgoing, 400)
    return
  }
  const response = await handler(request)
  const cookies = response.headers.getSetCookie()
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  outgoing.statusCode = response.status
  const whole = heldBody(response)
  if (response.body === null || incoming.method === 'HEAD') {
    await response.body?.cancel()
    outgoing.end()
  } else if (whole === undefined) await copy(response.body, outgoing)
  else outgoing.end(whole)
}

/** As fast as the client takes it, and no longer than it listens. By hand: streams between would cost more than most pages. */
async function copy(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const gone = () => void reader.cancel().catch(() => {})
  outgoing.once('close', gone)
  let part = await reader.read()
  let ahead = part.done ? undefined : reader.read()
  // A body that is there as a whole goes out with its head and its length; one that is still made, piece by piece.
  const whole = ahead !== undefined && (await soon(ahead))?.done === true
  while (!part.done && !outgoing.destroyed && !whole) {
    if (!outgoing.write(part.value)) await room(outgoing)
    part = await (ahead ?? reader.read())
    ahead = undefined
  }
  if (outgoing.destroyed) return
  outgoing.off('close', gone)
  outgoing.end(part.value)
}

/** What the promise resolves to, if it does before anything else is waited for. */
function soon<T>(promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject)
    setImmediate(resolve, undefined)
  })
}

/** Until more can be written, or nobody listens. */
function room(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const ended = () => {
      outgoing.off('drain', ended).off('close', ended)
      resolve()
    }
    outgoing.on('drain', ended).on('close', ended)
  })
}

/** Undefined for an address, a `Host` or a method that is none. */
function requestOf(incoming: IncomingMessage): Request | undefined {
  const method = incoming.method ?? 'GET'
  const path = incoming.url ?? '/'
  const host = incoming.headers.host ?? 'localhost'
  // An absolute address, or a second slash, would make the path another host's.
  if (!path.startsWith('/') || /[/?#@\\\s]/.test(host)) return undefined
  const { rawHeaders } = incoming
  const headers: [string, string][] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.push([rawHeaders[i] as string, rawHeaders[i + 1] as string])
  }
  const bare = method === 'GET' || method === 'HEAD'
  try {
    return new Request(
      `http://${host}${path}`,
      bare
        ? { method, headers }
        : { method, headers, body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' },
    )
  } catch {
    return undefined
  }
}
