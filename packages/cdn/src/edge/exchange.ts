import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Target } from './cache-key.ts'
import { connectionFields, field, without } from './fields.ts'
import type { Fields } from './fields.ts'
import type { Answer } from './origin.ts'
import type { Asked } from './storable.ts'

/** One request of a reader, and what became of it. */
export class Exchange implements Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: Target
  readonly fields: Fields
  readonly authorized: boolean
  readonly cookies: boolean
  readonly range: string | undefined
  /** Its own fetch is the one that others wait for. */
  leads = false

  constructor(request: IncomingMessage, response: ServerResponse, target: Target) {
    this.request = request
    this.response = response
    this.target = target
    this.fields = request.rawHeaders
    this.authorized = field(this.fields, 'authorization') !== undefined
    this.cookies = field(this.fields, 'cookie') !== undefined
    this.range = request.method === 'GET' ? field(this.fields, 'range') : undefined
  }

  get part(): boolean {
    return this.range !== undefined
  }

  get path(): string {
    const query = this.target.path.indexOf('?')
    return query < 0 ? this.target.path : this.target.path.slice(0, query)
  }

  /** The reader has its answer, or the beginning of it. */
  get answered(): boolean {
    return this.response.headersSent || this.response.destroyed
  }

  /** Passes a 1xx response on. */
  interim(status: number, fields: Fields): void {
    if (this.answered) return
    if (status === 102) this.response.writeProcessing()
    else if (status === 103) {
      const hints: Record<string, string | string[]> = {}
      for (let i = 0; i < fields.length; i += 2) {
        const name = (fields[i] as string).toLowerCase()
        const known = hints[name]
        const value = fields[i + 1] as string
        hints[name] = known === undefined ? value : [known, value].flat()
      }
      this.response.writeEarlyHints(hints)
    }
  }

  /** Begins to pass an answer of the origin on. */
  begin(answer: Answer, hidden: ReadonlySet<string>, status: string): void {
    if (this.answered) return
    const { response } = this
    const drop = connectionFields(answer.fields)
    drop.add('cache-status')
    for (const name of hidden) drop.add(name)
    const fields = without(answer.fields, drop)
    const before = field(answer.fields, 'cache-status')
    fields.push('Cache-Status', before === undefined ? status : `${before}, ${status}`)
    response.writeHead(answer.status, answer.statusText, fields)
    if (this.request.method !== 'HEAD') response.flushHeaders()
  }

  /** An answer of the edge itself. */
  refuse(status: number, cacheStatus?: string): void {
    if (this.answered) return
    refuse(this.response, status, cacheStatus)
  }
}

export function refuse(response: ServerResponse, status: number, cacheStatus?: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    ...(cacheStatus !== undefined && { 'Cache-Status': cacheStatus }),
  })
  response.end(`${status}\n`)
}
