import { checkKeys, checkOneOf, expectation, parseBytes } from '@tierstack/cache-core'
import type { Bytes } from '@tierstack/cache-core'
import { policies } from './policies.ts'
import type { PolicyName } from './policies.ts'

export interface MemoryOptions {
  /**
   * Most entries kept; `Infinity` for no limit.
   * @default 100_000
   */
  readonly maxEntries?: number
  /**
   * Most bytes kept, as estimated: the value's bytes, two per character of the key, and 100 for the entry itself.
   * `Infinity` for no limit.
   * @default '64mb'
   */
  readonly maxBytes?: Bytes
  /**
   * Which entry goes when space runs out. `adaptive`: newcomers that aren't used soon, then what isn't used any more, with
   * room for newcomers as the load wants it. `lru`: the one not used for the longest time. `s3-fifo` and `sieve`:
   * as published. `w-tinylfu`: newcomers must come more often than what they replace.
   * @default 'adaptive'
   */
  readonly policy?: PolicyName
  /**
   * Name of the tier in events, statistics and per-tier options.
   * @default 'memory'
   */
  readonly name?: string
}

export const optionNames: readonly (keyof MemoryOptions)[] = ['maxEntries', 'maxBytes', 'policy', 'name']

export function resolveOptions(
  given: MemoryOptions,
): Readonly<Required<MemoryOptions & { maxBytes: number }>> {
  checkKeys('memory options', given, optionNames)
  const { maxEntries = 100_000, maxBytes = '64mb', policy = 'adaptive', name = 'memory' } = given
  if (!(maxEntries === Infinity || (Number.isInteger(maxEntries) && maxEntries > 0))) {
    throw expectation('maxEntries', 'a positive integer or Infinity', maxEntries)
  }
  if (typeof name !== 'string' || name === '') throw expectation('name', 'a non-empty string', name)
  return Object.freeze({
    maxEntries,
    maxBytes: parseBytes('maxBytes', maxBytes),
    policy: checkOneOf('policy', policy, Object.keys(policies) as PolicyName[]),
    name,
  })
}
