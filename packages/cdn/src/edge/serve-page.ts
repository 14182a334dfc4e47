import type { IncomingMessage, ServerResponse } from 'node:http'

import { notModified, rangeApplies } from './conditional.ts'
import { field, without } from './fields.ts'
import type { Fields } from './fields.ts'
import { ageOf } from './page.ts'
import type { Page, Part } from './page.ts'
import { spanOf } from './range.ts'
import type { Span } from './range.ts'

/** The head of a page for one second of its life: `Age` and `ttl` change no faster. */
interface Head {
  readonly second: number
  readonly fields: string[]
  /** A small body as text, byte for byte: Node sends it with the head in one piece. */
  readonly text: string | undefined
}

/** Bodies up to this size are held as text too. */
const smallBody = 16_384

const heads = new WeakMap<Page, Head>()
const notIn304 = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-language',
  'content-range',
])

/** Sends stored pages. */
export class PageServer {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  /** The whole page to a reader who asked for nothing in particular: the cost of a hit. */
  whole(page: Page, response: ServerResponse, head: boolean, now: number): void {
    const { fields, text } = this.#head(page, now)
    response.writeHead(page.status, page.statusText, fields)
    if (head) response.end()
    else if (text === undefined) response.end(page.body)
    else response.end(text, 'latin1')
  }

  /** The page, or as much of it as was asked for: nothing when the reader has it already, a range, no body for HEAD. */
  send(page: Page, request: IncomingMessage, response: ServerResponse, now: number, did?: string): void {
    const asked: Fields = request.rawHeaders
    const head = request.method === 'HEAD'
    const fields = did === undefined ? this.#head(page, now).fields : this.#fields(page, now, did)
    const successful = page.status >= 200 && page.status < 300
    if (successful && notModified(asked, page.fields, now)) {
      response.writeHead(304, without(fields, notIn304))
      response.end()
      return
    }
    const range =
      page.status === 200 && !head && rangeApplies(asked, page.fields) ? field(asked, 'range') : undefined
    const { length } = page.body
    const span = spanOf(range, length)
    if (span === undefined) {
      response.writeHead(page.status, page.statusText, fields)
      response.end(head ? undefined : page.body)
      return
    }
    const others = without(fields, new Set(['content-length', 'content-range']))
    if (span === 'unsatisfiable') {
      response.writeHead(416, [...others, 'Content-Range', `bytes */${length}`, 'Content-Length', '0'])
      response.end()
      return
    }
    const { first, last } = span
    const part = [
      'Content-Range',
      `bytes ${first}-${last}/${length}`,
      'Content-Length',
      `${last - first + 1}`,
    ]
    response.writeHead(206, [...others, ...part])
    response.end(page.body.subarray(first, last + 1))
  }

  /** A stored part, or some of it. Whether it holds the span was looked at before. */
  part(page: Page, part: Part, span: Span, response: ServerResponse, now: number): void {
    const fields = without(this.#head(page, now).fields, new Set(['content-length', 'content-range']))
    // As it came: an incomplete one says which bytes were meant.
    const whole = span.first === part.first && span.last === part.last
    const said = whole
      ? field(page.fields, 'content-range')
      : `bytes ${span.first}-${span.last}/${part.total}`
    const body = page.body.subarray(span.first - part.first, span.last - part.first + 1)
    response.writeHead(206, [...fields, 'Content-Range', said ?? '', 'Content-Length', String(body.length)])
    response.end(body)
  }

  #head(page: Page, now: number): Head {
    const second = Math.floor(ageOf(page, now) / 1000)
    const known = heads.get(page)
    if (known !== undefined && known.second === second) return known
    const ttl = Math.ceil(page.fresh / 1000) - second
    const fields = this.#fields(page, now, `${this.#name}; hit; ttl=${ttl}`)
    const text = page.body.length > smallBody ? undefined : (known?.text ?? latin1(page.body))
    const made: Head = { second, fields, text }
    heads.set(page, made)
    return made
  }

  #fields(page: Page, now: number, did: string): string[] {
    const before = field(page.fields, 'cache-status')
    const fields = before === undefined ? [...page.fields] : without(page.fields, new Set(['cache-status']))
    if (page.status !== 204 && page.status >= 200) fields.push('Content-Length', String(page.body.length))
    fields.push('Age', String(Math.floor(ageOf(page, now) / 1000)))
    fields.push('Cache-Status', before === undefined ? did : `${before}, ${did}`)
    return fields
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
