import { parseDuration } from './duration.ts'
import type { Duration } from './duration.ts'
import { checkKeys, checkOneOf, expectation } from './expectation.ts'

/** How the writes of a definition with `write: 'behind'` reach the source. */
export interface BehindOptions {
  /** Most writes applied in one go. @default 500 */
  batch?: number
  /** Most `save`s at once. @default 16 */
  concurrency?: number
  /**
   * After so many failures a write becomes a dead letter. A failure counts only when another write was saved since the
   * one before: a source that is down buries nothing.
   * @default 8
   */
  attempts?: number
  /** Pause after the first failure of a write; doubles each time, up to `longestBackoff`. @default '100ms' */
  backoff?: Duration
  /** @default '30s' */
  longestBackoff?: Duration
  /** How often the queue is looked at when nothing is known to wait. @default '100ms' */
  poll?: Duration
  /**
   * What a load does while the queue can't be asked for pending writes: fail (`required`), since an acknowledged write
   * might be overlooked, or read the source alone (`optional`).
   * @default 'required'
   */
  pending?: 'required' | 'optional'
}

export interface ResolvedBehind {
  readonly batch: number
  readonly concurrency: number
  readonly attempts: number
  readonly backoff: number
  readonly longestBackoff: number
  readonly poll: number
  readonly pending: 'required' | 'optional'
}

const known = ['batch', 'concurrency', 'attempts', 'backoff', 'longestBackoff', 'poll', 'pending'] as const

export function resolveBehind(given: BehindOptions = {}): ResolvedBehind {
  checkKeys('behind', given, known)
  const whole = (name: 'batch' | 'concurrency' | 'attempts', otherwise: number): number => {
    const value = given[name] ?? otherwise
    if (!Number.isInteger(value) || value < 1)
      throw expectation(`behind.${name}`, 'an integer of 1 or more', value)
    return value
  }
  const duration = (name: 'backoff' | 'longestBackoff' | 'poll', otherwise: number): number => {
    const ms = parseDuration(`behind.${name}`, given[name] ?? otherwise)
    if (ms === 0) throw expectation(`behind.${name}`, 'more than 0', given[name])
    return ms
  }
  return Object.freeze({
    batch: whole('batch', 500),
    concurrency: whole('concurrency', 16),
    attempts: whole('attempts', 8),
    backoff: duration('backoff', 100),
    longestBackoff: duration('longestBackoff', 30_000),
    poll: duration('poll', 100),
    pending: checkOneOf('behind.pending', given.pending ?? 'required', ['required', 'optional']),
  })
}
