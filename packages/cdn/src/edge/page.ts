import { bare } from './conditional.ts'
import { field, firstLine, without } from './fields.ts'
import type { Fields } from './fields.ts'
import type { Lifetime } from './lifetime.ts'
import type { Span } from './range.ts'
import { prefersLanguage, variantOf } from './vary.ts'

/** Where the body of a stored 206 lies in the whole. */
export interface Part extends Span {
  readonly total: number
  /** The `Range` that brought it. */
  readonly asked: string
}

/** A stored response. Plain data: it travels through the tiers as it is. */
export interface Page extends Lifetime {
  readonly kind: 'page'
  readonly status: number
  readonly statusText: string
  /** As they are sent, without `Age` and `Content-Length`. */
  readonly fields: Fields
  readonly body: Uint8Array
  /** Where it lies in the whole, for a part of a response. */
  readonly part?: Part
  /** Request fields that it depends on, and the values it was made for. */
  readonly names: readonly string[]
  readonly variant: string
  /** Under this id lie the other variants of the same URL. */
  readonly id: string
  readonly tags: readonly string[]
}

/** Age in ms, on the wall clock; a clock that was set back doesn't make it negative. */
export function ageOf(page: Lifetime, now: number): number {
  return Math.max(0, now - page.bornAt)
}

export function isFresh(page: Lifetime, now: number): boolean {
  return ageOf(page, now) < page.fresh
}

/** Fresh, or stale within one of its windows. */
export function isServable(page: Lifetime, now: number): boolean {
  return ageOf(page, now) < page.fresh + Math.max(page.swr, page.staleIfError)
}

/** Whether it was made for a request like this one. */
export function suits(page: Page, asked: Fields): boolean {
  if (page.names.length === 0 || variantOf(page.names, asked) === page.variant) return true
  return (
    page.names.length === 1 &&
    page.names[0] === 'accept-language' &&
    prefersLanguage(field(asked, 'accept-language'), field(page.fields, 'content-language'))
  )
}

/** What asks the origin whether a page is still current (RFC 9111, section 4.3.1). */
export function validators(page: Page): string[] {
  const etag = firstLine(page.fields, 'etag')
  const modified = firstLine(page.fields, 'last-modified')
  return [
    ...(etag === undefined ? [] : ['If-None-Match', etag]),
    ...(modified === undefined ? [] : ['If-Modified-Since', modified]),
  ]
}

/** Whether a 304 is about this page. One that names another's validator must not renew it (RFC 9111, section 4.3.4). */
export function isOf(news: Fields, page: Page): boolean {
  const named = firstLine(news, 'etag')
  const own = firstLine(page.fields, 'etag')
  return named === undefined || own === undefined || bare(named) === bare(own)
}

/** Describe the body that is stored, not the one that a 304 or another representation would have. */
const kept = new Set(['content-length', 'content-encoding', 'content-range'])

/** The stored fields with those of a 304 in place of their namesakes (RFC 9111, section 3.2). */
export function freshened(stored: Fields, news: Fields): string[] {
  const fresh = without(news, kept)
  const names = new Set<string>()
  for (let i = 0; i < fresh.length; i += 2) names.add((fresh[i] as string).toLowerCase())
  return [...without(stored, names), ...fresh]
}
