import { hash } from 'node:crypto'
import type { HeaderReader } from './privacy.ts'

/**
 * Strong validator of a body and of what its edge copy is purged by: where only the tags changed, a 304 would leave the
 * old ones at the edge.
 */
export function etagOf(body: Uint8Array | string, tags: readonly string[]): string {
  const bytes = hash('sha256', body, 'base64url').slice(0, 22)
  return tags.length === 0
    ? `"${bytes}"`
    : `"${bytes}-${hash('sha256', tags.join(' '), 'base64url').slice(0, 8)}"`
}

/** Whether the reader has it already: RFC 9110 section 13.2.2, `If-None-Match` before `If-Modified-Since`. */
export function notModified(
  method: string,
  asked: HeaderReader,
  etag: string | null,
  lastModified: string | null,
): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const noneMatch = asked.get('if-none-match')
  if (noneMatch !== null) return etag !== null && matches(noneMatch, etag)
  const since = asked.get('if-modified-since')
  if (since === null || lastModified === null) return false
  const [asOf, changed] = [Date.parse(since), Date.parse(lastModified)]
  return !Number.isNaN(asOf) && !Number.isNaN(changed) && changed <= asOf
}

/** Weak comparison, RFC 9110 section 8.8.3.2. */
function matches(list: string, etag: string): boolean {
  if (list.trim() === '*') return true
  const bare = etag.replace(/^W\//, '')
  return [...list.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, one]) => one === bare)
}

/** Headers of a response that go into its 304: RFC 9110 section 15.4.5, and what edges need to freshen their copy. */
export const contentHeaders = [
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
  'transfer-encoding',
] as const

/** An application's own validator, which changes when the tags do. */
export function taggedEtag(etag: string, tags: readonly string[]): string {
  if (tags.length === 0 || !/^(?:W\/)?"[^"]*"$/.test(etag)) return etag
  return `${etag.slice(0, -1)}-${hash('sha256', tags.join(' '), 'base64url').slice(0, 8)}"`
}
