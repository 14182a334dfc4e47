import type { ProviderContract } from './provider.ts'

/** Whole seconds. */
export interface Lives {
  readonly ttl: number
  readonly swr: number
  readonly staleIfError: number
  /** How long browsers may keep it: they can't be purged. */
  readonly browser: number
}

type Lines = (readonly [name: string, value: string])[]

/** RFC 5861: the windows come after the ttl. */
function windows({ swr, staleIfError }: Lives): string {
  const revalidate = swr > 0 ? `, stale-while-revalidate=${swr}` : ''
  return staleIfError > 0 ? `${revalidate}, stale-if-error=${staleIfError}` : revalidate
}

function forBrowsers({ browser }: Lives): string {
  return browser > 0 ? `public, max-age=${browser}` : 'public, max-age=0, must-revalidate'
}

/**
 * The headers by which one kind of edge learns its life. The life is what remains, never a ttl with an `Age`: nginx
 * doesn't read `Age`.
 */
export function publicHeaders(dialect: ProviderContract['dialect'], lives: Lives): Lines {
  switch (dialect) {
    case 'targeted':
      // RFC 9213: its own field, which beats Cache-Control at the edge and is nothing to browsers.
      return [
        ['cache-control', forBrowsers(lives)],
        ['cdn-cache-control', `max-age=${lives.ttl}${windows(lives)}`],
      ]
    case 'surrogate':
      return [
        ['cache-control', forBrowsers(lives)],
        ['surrogate-control', `max-age=${lives.ttl}${windows(lives)}`],
      ]
    case 's-maxage':
      // No must-revalidate: it would forbid the windows.
      return [['cache-control', `public, max-age=${lives.browser}, s-maxage=${lives.ttl}${windows(lives)}`]]
    case 'x-accel':
      return [
        ['cache-control', `public, max-age=${lives.browser}${windows(lives)}`],
        ['x-accel-expires', String(lives.ttl)],
      ]
  }
}

/** Understood by every edge: those with a field of their own fall back to `Cache-Control` where it is absent. */
export function uncachedHeaders(mode: 'private' | 'uncached', dialect: ProviderContract['dialect']): Lines {
  const control = mode === 'private' ? 'private, no-store' : 'no-store'
  switch (dialect) {
    case 'targeted':
      return [
        ['cache-control', control],
        ['cdn-cache-control', 'no-store'],
      ]
    case 'surrogate':
      // Fastly's own VCL knows `private` only.
      return [
        ['cache-control', 'private, no-store'],
        ['surrogate-control', 'private, no-store'],
      ]
    case 's-maxage':
      // Without `private`, Varnish and others would remember for a while that the page is not to be kept.
      return [['cache-control', 'private, no-store']]
    case 'x-accel':
      return [
        ['cache-control', control],
        ['x-accel-expires', '0'],
      ]
  }
}
