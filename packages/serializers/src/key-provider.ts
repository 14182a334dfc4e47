import { checkKeys, checkMethods, expectation, parseDuration } from '@tierstack/cache-core'
import type { Clock, Duration, MaybePromise } from '@tierstack/cache-core'
import { KeyMemory } from './key-memory.ts'
import type { KeyMemoryOptions } from './key-memory.ts'
import type { KeySource, SecretKey } from './secret.ts'

/** How fetched keys are remembered. */
export interface KeyMemorySettings {
  /** Asked for again after this long, behind the readers. @default '5m' */
  readonly freshFor?: Duration
  /** Used for this long at most while the service doesn't answer. At least `freshFor`. @default '1h' */
  readonly usableFor?: Duration
  /** A service that failed isn't asked again for this long; what needs its key is a miss until then. @default '1s' */
  readonly retryAfter?: Duration
  /** An answer that takes longer is a failure. @default '1s' */
  readonly timeout?: Duration
  /** @default the system's */
  readonly clock?: Clock
}

export interface KeyProviderOptions extends KeyMemorySettings {
  /** The key to write with: of the tenant, where tenants have keys of their own. */
  current(tenant: string): MaybePromise<SecretKey>
  /** The key of that id, undefined when it was retired or destroyed. */
  byId(id: string, tenant: string): MaybePromise<SecretKey | undefined>
}

export const memoryKeys = ['freshFor', 'usableFor', 'retryAfter', 'timeout', 'clock'] as const

export function resolveMemory(given: KeyMemorySettings): KeyMemoryOptions {
  const freshFor = parseDuration('freshFor', given.freshFor ?? '5m')
  const usableFor = parseDuration('usableFor', given.usableFor ?? Math.max(3_600_000, freshFor))
  if (usableFor < freshFor) throw expectation('usableFor', 'at least `freshFor`', given.usableFor)
  return {
    freshFor,
    usableFor,
    retryAfter: parseDuration('retryAfter', given.retryAfter ?? '1s'),
    timeout: parseDuration('timeout', given.timeout ?? '1s'),
    clock: given.clock,
  }
}

/** What a tenant's names in a key memory begin with. */
export const ofTenant = (tenant: string): string => `${encodeURIComponent(tenant)}/`

/** Keys of a key management service or a vault. Readers wait for it only for keys that were never seen. */
export function keyProvider(options: KeyProviderOptions): KeySource {
  checkKeys('keyProvider options', options, ['current', 'byId', ...memoryKeys])
  checkMethods('keyProvider options', options, 'a key provider', ['current', 'byId'])
  const memory = new KeyMemory(resolveMemory(options))
  return Object.freeze({
    current: async (tenant: string) => {
      const key = await memory.of(`${ofTenant(tenant)}!`, () => options.current(tenant), false)
      if (key === undefined) throw expectation('current', 'a key', key)
      return key
    },
    byId: (id: string, tenant: string) =>
      memory.of(`${ofTenant(tenant)}=${id}`, () => options.byId(id, tenant), true),
    forget: (tenant: string) => memory.forget((name) => name.startsWith(ofTenant(tenant))),
  })
}
