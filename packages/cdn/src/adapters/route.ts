import { checkKeys, checkOneOf, expectation, parseDuration } from '@tierstack/cache-core'
import type { Duration } from '@tierstack/cache-core'

/** What an application says of its answers on one route. */
export interface RouteOptions {
  /**
   * The route looks at no cookie and no credentials: what it answers is for anybody. Without it, requests that carry
   * any are answered privately.
   * @default false
   */
  readonly anybody?: boolean
  /** Life at the edge of what was made without reading from the cache, and a cap for the rest. Such pages can't be purged. */
  readonly ttl?: Duration
  /** How long browsers keep it: they can't be purged. @default 0 */
  readonly browserTtl?: Duration
  /** Bodies up to so many bytes get a validator, for which they are held in memory. `Infinity`: all. @default 1_048_576 */
  readonly maxEtagBytes?: number
}

export interface Route {
  readonly anybody: boolean
  readonly ttl?: number
  readonly browserTtl: number
  readonly maxEtagBytes: number
}

export function resolveRoute(given: RouteOptions = {}): Route {
  checkKeys('route options', given, ['anybody', 'ttl', 'browserTtl', 'maxEtagBytes'])
  const { maxEtagBytes = 1_048_576 } = given
  if (!(maxEtagBytes === Number.POSITIVE_INFINITY || (Number.isInteger(maxEtagBytes) && maxEtagBytes >= 0)))
    throw expectation('maxEtagBytes', 'a whole number of bytes, or Infinity', maxEtagBytes)
  return Object.freeze({
    anybody: checkOneOf('anybody', given.anybody ?? false, [true, false]),
    ...(given.ttl !== undefined && { ttl: parseDuration('ttl', given.ttl) }),
    browserTtl: parseDuration('browserTtl', given.browserTtl ?? 0),
    maxEtagBytes,
  })
}
