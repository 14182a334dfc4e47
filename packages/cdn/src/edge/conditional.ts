import { field } from './fields.ts'
import type { Fields } from './fields.ts'
import { parseHttpDate } from './http-date.ts'

const entityTag = /(?:[Ww]\/)?"[^"]*"|[^\s,"][^\s,]*/g

/** The tag without what says that it is weak, for weak comparison (RFC 9110, section 8.8.3.2). */
export function bare(etag: string): string {
  return etag.trim().replace(/^[Ww]\//, '')
}

/** Whether the reader has the response already: `If-None-Match`, else `If-Modified-Since` (RFC 9110, section 13.2.2). */
export function notModified(asked: Fields, fields: Fields, now: number): boolean {
  const noneMatch = field(asked, 'if-none-match')
  if (noneMatch !== undefined) {
    const etag = field(fields, 'etag')
    if (noneMatch.trim() === '*') return true
    if (etag === undefined) return false
    return [...noneMatch.matchAll(entityTag)].some(([one]) => bare(one) === bare(etag))
  }
  const since = field(asked, 'if-modified-since')
  if (since === undefined) return false
  const asOf = parseHttpDate(since, now)
  // Without `Last-Modified`, the date of the response: it can't have changed after that (RFC 9111, section 4.3.2).
  const changed = parseHttpDate(field(fields, 'last-modified') ?? field(fields, 'date') ?? '', now)
  return asOf !== undefined && changed !== undefined && changed <= asOf
}

/** Whether a range may be cut from this response: no `If-Range`, or one that names exactly it (section 13.1.5). */
export function rangeApplies(asked: Fields, fields: Fields): boolean {
  const condition = field(asked, 'if-range')?.trim()
  if (condition === undefined) return true
  const etag = field(fields, 'etag')?.trim()
  if (condition.includes('"')) return !condition.startsWith('W/') && condition === etag
  return condition === field(fields, 'last-modified')
}
