import { checkKeys, checkName, checkOneOf, expectation, parseBytes } from '@tierstack/cache-core'
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
   * Most bytes kept of one tenant, in a cache with tenants. Over that, what the tenant wrote longest ago goes, and nobody
   * else's entries; one that is larger alone isn't kept. A guarantee while the tenants' quotas together fit into
   * `maxBytes`.
   * @default Infinity
   */
  readonly maxBytesPerTenant?: Bytes
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

export const optionNames: readonly (keyof MemoryOptions)[] = [
  'maxEntries',
  'maxBytes',
  'maxBytesPerTenant',
  'policy',
  'name',
]

export function resolveOptions(
  given: MemoryOptions,
): Readonly<Required<MemoryOptions & { maxBytes: number; maxBytesPerTenant: number }>> {
  checkKeys('memory options', given, optionNames)
  const {
    maxEntries = 100_000,
    maxBytes = '64mb',
    maxBytesPerTenant = Infinity,
    policy = 'adaptive',
    name = 'memory',
  } = given
  if (!(maxEntries === Infinity || (Number.isInteger(maxEntries) && maxEntries > 0))) {
    throw expectation('maxEntries', 'a positive integer or Infinity', maxEntries)
  }
  checkName('name', name)
  return Object.freeze({
    maxEntries,
    maxBytes: parseBytes('maxBytes', maxBytes),
    maxBytesPerTenant: parseBytes('maxBytesPerTenant', maxBytesPerTenant),
    policy: checkOneOf('policy', policy, Object.keys(policies) as PolicyName[]),
    name,
  })
}
