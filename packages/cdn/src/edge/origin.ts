import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Socket } from 'node:net'
import { Pool } from 'undici'
import type { Dispatcher } from 'undici'

import type { Fields } from './fields.ts'
import type { Exchanged } from './lifetime.ts'

/** An answer of the origin, its body still on the way. */
export interface Answer {
  readonly status: number
  readonly statusText: string
  readonly fields: Fields
  readonly body: Readable
  readonly exchanged: Exchanged
}

export interface OriginRequest {
  readonly method: string
  readonly path: string
  readonly fields: string[]
  readonly body?: Readable | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of 1xx responses before the answer. */
  readonly interim?: ((status: number, fields: Fields) => void) | undefined
}

/** Sends requests to the origin. Rejects when it can't be reached, or doesn't answer in time. */
export class Origin {
  readonly #pool: Promise<Pool>
  readonly #inside: Inside | undefined

  constructor(
    origin: URL | RequestListener,
    limits: { readonly timeout: number; readonly connections: number },
  ) {
    const settings: Pool.Options = {
      connections: limits.connections,
      headersTimeout: limits.timeout,
      bodyTimeout: limits.timeout,
      connectTimeout: limits.timeout,
    }
    if (origin instanceof URL) this.#pool = Promise.resolve(new Pool(origin.origin, settings))
    else {
      this.#inside = new Inside(origin)
      this.#pool = this.#inside.path.then(
        (socketPath) => new Pool('http://localhost', { ...settings, socketPath }),
      )
    }
  }

  /** Whether a connection comes from this edge itself: then the request is for the listener behind it. */
  isOwn(socket: Socket): boolean {
    return this.#inside?.sockets.has(socket) === true
  }

  async ask(request: OriginRequest, wall: () => number): Promise<Answer> {
    const pool = await this.#pool
    let askedAt = wall()
    let answer: Dispatcher.ResponseData
    try {
      answer = await send(pool, request)
    } catch (error) {
      if (!mayRepeat(request, error)) throw error
      askedAt = wall()
      answer = await send(pool, request)
    }
    // Whoever reads it hears of errors by itself; a body that nobody reads may fail unheard.
    answer.body.on('error', () => {})
    return {
      status: answer.statusCode,
      statusText: answer.statusText,
      fields: answer.headers as unknown as string[],
      body: answer.body,
      exchanged: { askedAt, answeredAt: wall() },
    }
  }

  async close(): Promise<void> {
    await (await this.#pool).destroy()
    await this.#inside?.close()
  }
}

function send(pool: Pool, request: OriginRequest): Promise<Dispatcher.ResponseData> {
  const { interim } = request
  return pool.request({
    method: request.method,
    path: request.path,
    headers: request.fields,
    body: request.body ?? null,
    signal: request.signal ?? null,
    responseHeaders: 'raw',
    ...(interim && {
      onInfo: ({ statusCode, headers }) => {
        interim(statusCode, headers as unknown as string[])
      },
    }),
  })
}

/** The origin closed a connection just when it was used again: it hasn't seen the request. */
function mayRepeat(request: OriginRequest, error: unknown): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  const { code, socket } = error as { code?: string; socket?: { bytesRead?: number } | null }
  return (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') && (socket?.bytesRead ?? 0) > 0
}

/** A listener of this process as an origin: behind a socket that nobody else can reach. */
class Inside {
  readonly sockets = new WeakSet<Socket>()
  readonly path: Promise<string>
  readonly #server: Server
  #folder: string | undefined

  constructor(listener: RequestListener) {
    this.#server = createServer({ keepAliveTimeout: 60_000 }, listener)
    this.#server.on('connection', (socket) => this.sockets.add(socket))
    this.path = this.#listen()
  }

  #listen(): Promise<string> {
    const windows = process.platform === 'win32'
    const name = `tierstack-edge-${process.pid}-${Math.random().toString(36).slice(2)}`
    // The folder is made for this user only.
    if (!windows) this.#folder = mkdtempSync(join(tmpdir(), 'tierstack-edge-'))
    const path = this.#folder === undefined ? `\\\\.\\pipe\\${name}` : join(this.#folder, 'origin.sock')
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path, () => {
        this.#server.unref()
        resolve(path)
      })
    })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }
}
