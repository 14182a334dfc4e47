import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'

import { edge } from '../../src/edge/index.ts'
import type { Edge, EdgeOptions } from '../../src/edge/index.ts'

/** What the origin says: a status and header lines, with `Date` told by the fake clock unless given. */
export interface Script {
  readonly status?: number
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
  /** Breaks the connection instead. */
  readonly cut?: boolean
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Got {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Who made the answer. */
  readonly from: 'origin' | 'edge'
}

export interface Ask {
  readonly method?: string
  readonly headers?: readonly string[] | Readonly<Record<string, string>>
  readonly body?: string
  readonly host?: string
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

export interface Rig extends AsyncDisposable {
  readonly clock: FakeClock
  readonly edge: Edge
  /** What reached the origin. */
  readonly seen: Seen[]
  /** Ports on the loopback. */
  readonly port: number
  readonly originPort: number
  /** The origin's answers in turn; the last one goes on. */
  answer(...scripts: readonly Script[]): void
  /** The origin as code. */
  behave(behaviour: Behaviour): void
  get(path: string, ask?: Ask): Promise<Got>
}

/** `'A: 1'` → `['A', '1']`. */
const line = (text: string): [string, string] => {
  const colon = text.indexOf(':')
  return [text.slice(0, colon), text.slice(colon + 1).trim()]
}

export function flat(lines: readonly string[] | Readonly<Record<string, string>> = []): string[] {
  return Array.isArray(lines)
    ? (lines as readonly string[]).flatMap((text) => line(text))
    : Object.entries(lines).flat()
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

/** An edge in front of a scripted origin, over real connections, on a clock that stands still. */
export async function rig(options: Partial<EdgeOptions> = {}): Promise<Rig> {
  const clock = fakeClock()
  const seen: Seen[] = []
  let scripts: readonly Script[] = [{}]
  let behaviour: Behaviour | undefined
  const play = (response: ServerResponse): void => {
    const script = (scripts.length > 1 ? scripts[0] : scripts.at(-1)) as Script
    if (scripts.length > 1) scripts = scripts.slice(1)
    if (script.cut) {
      response.socket?.destroy()
      return
    }
    const headers = flat(script.headers)
    response.sendDate = false
    if (!headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'date'))
      headers.push('Date', new Date(clock.wall()).toUTCString())
    response.writeHead(
      script.status ?? 200,
      headers.filter((_, i) => headers[i - (i % 2)] !== 'No-Date'),
    )
    response.end(script.body ?? 'body')
  }
  const origin = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      seen.push({ method: String(request.method), url: String(request.url), headers: request.headers, body })
      if (!behaviour) {
        play(response)
        return
      }
      response.sendDate = false
      response.setHeader('Date', new Date(clock.wall()).toUTCString())
      behaviour(request, response)
    })
  })
  const originPort = await listen(origin)
  const subject = edge({ tiers: [memory()], origin: `http://127.0.0.1:${originPort}`, clock, ...options })
  const front = createServer(subject.listener)
  const port = await listen(front)

  const get = async (path: string, ask: Ask = {}): Promise<Got> => {
    const before = seen.length
    const request = httpRequest({
      port,
      path,
      method: ask.method ?? 'GET',
      headers: [
        'Host',
        ask.host ?? 'shop.test',
        ...flat(ask.headers),
        ...(ask.body === undefined ? [] : ['Content-Length', String(ask.body.length)]),
      ],
      agent: false,
    })
    request.end(ask.body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const body = await bodyOf(response)
    // What goes on behind the answer comes to rest.
    await clock.settle()
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body,
      from: seen.length > before ? 'origin' : 'edge',
    }
  }

  return {
    clock,
    edge: subject,
    seen,
    port,
    originPort,
    answer: (...more) => {
      behaviour = undefined
      scripts = more
    },
    behave: (more) => {
      behaviour = more
    },
    get,
    async [Symbol.asyncDispose]() {
      front.closeAllConnections()
      origin.closeAllConnections()
      await subject.close()
      await Promise.all([new Promise((done) => front.close(done)), new Promise((done) => origin.close(done))])
    },
  }
}

/** An HTTP date, seconds from the start of the fake clock. */
export const at = (seconds: number): string => new Date(Date.UTC(2030, 0, 1) + seconds * 1000).toUTCString()
