import { randomBytes } from 'node:crypto'
import type { LoadContext } from '@tierstack/cache-core'

import { cacheStatus } from './cache-status.ts'
import { controlOf } from './cache-control.ts'
import { collect } from './collect.ts'
import type { Exchange } from './exchange.ts'
import { connectionFields, field, firstLine, without } from './fields.ts'
import type { Fields } from './fields.ts'
import { fillingFields } from './forwarding.ts'
import type { Forwarding } from './forwarding.ts'
import { lifetimeOf } from './lifetime.ts'
import type { Exchanged, Lifetime } from './lifetime.ts'
import type { ResolvedOptions } from './options.ts'
import type { Answer, Origin } from './origin.ts'
import { freshened, isOf, suits, validators } from './page.ts'
import type { Page, Part } from './page.ts'
import { tagsOf } from './page-tags.ts'
import { parseContentRange } from './range.ts'
import { hasValidator, refusal, withheldFields } from './storable.ts'
import { variantOf, varyOf } from './vary.ts'

/** What a fetch brought, for all who wait for it. Only pages are stored. */
export type Found =
  | Page
  /** The answer is for the one who asked; others ask for themselves. */
  | { readonly kind: 'unshared'; readonly why: string }
  | { readonly kind: 'failed'; readonly status: 502 | 504 }

/** Thrown so that the chain serves the stale page, and spares the origin for a moment. */
class OriginFailed extends Error {}

/** What one fetch is for. */
export interface Filling {
  readonly exchange: Exchange
  readonly forwarding: Forwarding
  /** The URL's variants so far: more names make all of them be forgotten. */
  readonly names: readonly string[] | undefined
  /** A page that is known, but may not be used without asking. */
  readonly known: Page | undefined
  /** Names of request fields that this URL turned out to depend on. */
  readonly widen: (names: readonly string[]) => readonly string[]
}

/** True of one answer only: ours to say, or how long the origin took for it. */
const ofOneAnswer = ['age', 'content-length', 'server-timing']

/** A life of no length isn't stored at all; pages that must be asked for each time live this long, ms. */
const noTime = 0.001

/** Fetches from the origin: what runs under the chain's flights, leases and fences. */
export class Filler {
  readonly #options: ResolvedOptions
  readonly #origin: Origin
  readonly #wall: () => number
  readonly #hidden: ReadonlySet<string>

  constructor(options: ResolvedOptions, origin: Origin, wall: () => number) {
    this.#options = options
    this.#origin = origin
    this.#wall = wall
    this.#hidden = new Set(options.tagHeaders)
  }

  async fill(context: LoadContext, filling: Filling): Promise<Found> {
    const { exchange } = filling
    // Behind a stale answer, the reader who caused the fetch has gone.
    const leads = context.reason !== 'swr' && !exchange.answered
    exchange.leads = leads
    const stale = exchange.part ? undefined : ((context.stale?.value as Page | undefined) ?? filling.known)
    const old = stale !== undefined && suits(stale, exchange.fields) ? stale : undefined
    let answer: Answer
    try {
      answer = await this.#ask(filling, old, leads)
      if (answer.status === 304 && old !== undefined && !isOf(answer.fields, old)) {
        answer.body.resume()
        answer = await this.#ask(filling, undefined, leads)
        // Of what, if not of what we have?
        if (answer.status === 304) throw new OriginFailed()
      }
    } catch {
      return this.#failed(context, old)
    }
    if (answer.status === 304 && old !== undefined) return this.#current(context, filling, answer, old)
    if (answer.status >= 500 && this.#mayServeStale(old)) {
      answer.body.destroy()
      throw new OriginFailed()
    }
    return await this.#take(context, filling, answer, stale, old)
  }

  #ask(filling: Filling, old: Page | undefined, leads: boolean): Promise<Answer> {
    const { exchange } = filling
    const fields = fillingFields(exchange.fields, this.#options.forward, filling.forwarding)
    if (old !== undefined) fields.push(...validators(old))
    if (exchange.range !== undefined) fields.push('Range', exchange.range, ...ifRange(exchange.fields))
    const interim = leads ? (status: number, more: Fields) => exchange.interim(status, more) : undefined
    return this.#origin.ask({ method: 'GET', path: exchange.target.path, fields, interim }, this.#wall)
  }

  #failed(context: LoadContext, old: Page | undefined): Found {
    if (this.#mayServeStale(old)) throw new OriginFailed()
    context.skip()
    return { kind: 'failed', status: old === undefined ? 502 : 504 }
  }

  #mayServeStale(old: Page | undefined): boolean {
    return old !== undefined && this.#wall() - old.bornAt < old.fresh + old.staleIfError
  }

  /** A 304: the stored page, with its news and a new life. */
  #current(context: LoadContext, filling: Filling, answer: Answer, old: Page): Found {
    answer.body.resume()
    const { exchange } = filling
    const news = without(answer.fields, connectionFields(answer.fields))
    const fields = freshened(old.fields, news)
    const control = controlOf(fields)
    const life = lifetimeOf(old.status, fields, control, answer.exchanged, this.#options)
    const why = refusal(exchange, old.status, fields, control, life, this.#options)
    if (why !== undefined) {
      context.skip()
      return { kind: 'unshared', why }
    }
    const told = tagsOf(news, this.#options.tagHeaders, exchange.target.host)
    const page: Page = {
      ...old,
      ...life,
      fields: this.#stored(fields, withheldFields(control)),
      tags: told.length > 0 ? told : old.tags,
    }
    return this.#keep(context, page, answer.exchanged)
  }

  async #take(
    context: LoadContext,
    filling: Filling,
    answer: Answer,
    stale: Page | undefined,
    old: Page | undefined,
  ): Promise<Found> {
    const { exchange } = filling
    const control = controlOf(answer.fields)
    const life = lifetimeOf(answer.status, answer.fields, control, answer.exchanged, this.#options)
    const names = varyOf(answer.fields)
    const all = names === '*' ? [] : filling.widen(names)
    const widened = filling.names !== undefined && all.join() !== filling.names.join()
    const why =
      refusal(exchange, answer.status, answer.fields, control, life, this.#options) ??
      (exchange.part && answer.status !== 206 ? 'whole' : undefined) ??
      (widened ? 'variants' : undefined) ??
      (Number(contentLength(answer.fields) ?? 0) > this.#options.maxBodyBytes ? 'too-large' : undefined)
    if (exchange.leads) exchange.begin(answer, this.#hidden, this.#did(answer.status, old, why))
    const body = await collect(answer, exchange, why === undefined ? this.#options.maxBodyBytes : 0)
    if (typeof body === 'string') {
      context.skip()
      return body === 'cut' ? { kind: 'failed', status: 502 } : { kind: 'unshared', why: why ?? body }
    }
    const part = exchange.range === undefined ? undefined : partOf(answer.fields, body.length, exchange.range)
    if (exchange.part && part === undefined) {
      context.skip()
      return { kind: 'unshared', why: 'content-range' }
    }
    const same = stale !== undefined && stale.names.join() === all.join()
    const page: Page = {
      kind: 'page',
      status: answer.status,
      statusText: answer.statusText,
      fields: this.#stored(answer.fields, withheldFields(control)),
      body,
      ...(part && { part }),
      names: all,
      variant: variantOf(all, exchange.fields),
      id: same ? stale.id : randomBytes(9).toString('base64url'),
      tags: tagsOf(answer.fields, this.#options.tagHeaders, exchange.target.host),
      ...life,
    }
    return this.#keep(context, page, answer.exchanged)
  }

  #did(status: number, old: Page | undefined, why: string | undefined): string {
    const fwd = old === undefined ? ('uri-miss' as const) : ('stale' as const)
    return cacheStatus(this.#options.name, {
      hit: false,
      fwd,
      status,
      stored: why === undefined,
      detail: why,
    })
  }

  #stored(fields: Fields, withheld: Set<string>): string[] {
    const drop = connectionFields(fields)
    for (const name of [...withheld, ...this.#hidden, ...ofOneAnswer]) drop.add(name)
    const kept = without(fields, drop)
    // Without a date of its own, a page got its date from us: RFC 9110, section 6.6.1.
    if (!kept.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'date'))
      kept.push('Date', new Date(this.#wall()).toUTCString())
    return kept
  }

  /** Gives the page to the chain with the life that it has left, counted from when the fetch began. */
  #keep(context: LoadContext, page: Page, exchanged: Exchanged): Page {
    const left = page.fresh - (exchanged.askedAt - page.bornAt)
    const past = Math.min(0, left)
    const windows = { swr: Math.max(0, page.swr + past), staleIfError: this.#keptFor(page, past) }
    context.ttl(Math.max(noTime, left))
    context.windows(windows)
    context.tag(...page.tags)
    return page
  }

  #keptFor(page: Page & Lifetime, past: number): number {
    const asking = hasValidator(page.fields) || page.names.length > 0 ? this.#options.keep : 0
    return Math.max(asking, page.staleIfError + past, page.swr + past, 0)
  }
}

function contentLength(fields: Fields): string | undefined {
  return firstLine(fields, 'content-length')
}

function ifRange(fields: Fields): string[] {
  const condition = firstLine(fields, 'if-range')
  return condition === undefined ? [] : ['If-Range', condition]
}

/**
 * Where a 206 lies in the whole. A body shorter than was said is an incomplete response, of use for what it has (RFC
 * 9111, section 3.3); a longer one is none.
 */
function partOf(fields: Fields, length: number, asked: string): Part | undefined {
  const said = parseContentRange(field(fields, 'content-range'))
  if (said === undefined || length === 0 || length > said.last - said.first + 1) return undefined
  return { first: said.first, last: said.first + length - 1, total: said.total, asked }
}
