import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Target } from './cache-key.ts'
import { refuse } from './exchange.ts'
import { field } from './fields.ts'
import { wireNames } from './page-tags.ts'
import type { Purge } from './purging.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** `PURGE` never reaches the origin, and does nothing without the token. */
export class PurgeEndpoint {
  readonly #token: Buffer | undefined
  readonly #purge: (what: Purge) => Promise<void>

  constructor(token: string | undefined, purge: (what: Purge) => Promise<void>) {
    this.#token = token === undefined ? undefined : digest(`Bearer ${token}`)
    this.#purge = purge
  }

  static takes(method: string | undefined): boolean {
    return method === 'PURGE'
  }

  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target | undefined,
  ): Promise<void> {
    request.resume()
    if (this.#token === undefined) {
      refuse(response, 405)
      return
    }
    const given = digest(field(request.rawHeaders, 'authorization') ?? '')
    if (!timingSafeEqual(given, this.#token)) {
      refuse(response, 403)
      return
    }
    const tags = ['xkey-purge', 'xkey', 'surrogate-key', 'cache-tag'].flatMap((name) =>
      wireNames(field(request.rawHeaders, name)),
    )
    const soft = field(request.rawHeaders, 'x-purge-soft') === '1'
    const all = field(request.rawHeaders, 'x-purge-all') === '1'
    if (target === undefined) {
      refuse(response, 400)
      return
    }
    await this.#purge(all ? { all: true } : tags.length > 0 ? { tags, soft } : { urls: [target], soft })
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(`${JSON.stringify({ purged: all ? 'all' : tags.length > 0 ? tags : target.path })}\n`)
  }
}
