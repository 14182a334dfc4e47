import { checkKeys, checkOneOf, expectation } from './expectation.ts'

/** What one read may override. */
export interface ReadOptions<N extends string = string> {
  /** Accept an entry up to this many ms past its ttl, instead of `swr`; never past its windows. `0` = fresh only. */
  maxStale?: number
  /** Load anew, whatever is stored; the result replaces it. */
  forceFresh?: boolean
  /** Tiers to leave out of this read. */
  skip?: readonly N[]
  /** Ends this caller's wait; the load stops when nobody waits for it. */
  signal?: AbortSignal
}

export const readKeys = ['maxStale', 'forceFresh', 'skip', 'signal'] as const

/** Refuses what can't be meant. `known`: which keys there may be. */
export function checkReadOptions(
  options: ReadOptions,
  tierNames: readonly string[],
  known: readonly string[] = readKeys,
): void {
  checkKeys('options', options, known)
  const { maxStale, forceFresh, skip, signal } = options
  if (maxStale !== undefined && !(typeof maxStale === 'number' && maxStale >= 0))
    throw expectation('maxStale', 'a number of milliseconds, 0 or more', maxStale)
  if (forceFresh !== undefined) checkOneOf('forceFresh', forceFresh, [true, false])
  if (skip !== undefined) {
    if (!Array.isArray(skip)) throw expectation('skip', 'a list of tier names', skip)
    for (const name of skip) checkOneOf('skip', name, tierNames)
  }
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted !== 'function')
    throw expectation('signal', 'an AbortSignal', signal)
}
