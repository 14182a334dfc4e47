import { statsOf } from './cache-stats.ts'
import type { Chain } from './chain.ts'
import { drainMs } from './close-chain.ts'
import type { Defined } from './defined.ts'
import { versionIn } from './defined.ts'
import type { Deferral } from './deferred.ts'
import { parseDuration } from './duration.ts'
import type { Duration } from './duration.ts'
import { eventNames } from './events.ts'
import { checkKeys, checkOneOf, expectation } from './expectation.ts'
import { explain, inspect } from './explain.ts'
import { healthOf } from './health.ts'
import type { ResolvedPolicy } from './policy.ts'
import { applyAll, nothingRemoved } from './removals.ts'
import type { Removals } from './removals.ts'
import { removeChanged } from './remove.ts'
import type { ScopeParts } from './scope-parts.ts'
import type { DefinitionCounters } from './stats.ts'
import type { Tenants } from './tenants.ts'
import type { Origin } from './told-removal.ts'

/** The verbs of the whole cache, which are the same in every part of it. */
export function wholeCache(o: {
  readonly chain: Chain
  readonly policy: ResolvedPolicy
  readonly deferral: Deferral
  readonly removals: Removals
  readonly counters: ReadonlyMap<string, DefinitionCounters>
  readonly defined: readonly Defined[]
  readonly tenants: Tenants | undefined
  /** Throws when the cache is closed. */
  readonly open: () => void
  /** Is the cache switched off for good? */
  readonly off: () => boolean
  readonly close: () => Promise<void>
}): ScopeParts['whole'] {
  const { chain, policy, removals, tenants } = o
  return {
    deferred: async (work) =>
      await o.deferral.run(work, (collected) => applyAll(removals, collected, policy)),
    byKey: (key) => ({
      explain: () => explain(chain, key),
      entry: () =>
        inspect(
          chain,
          { version: versionIn(key), codec: undefined, sensitive: false, schema: undefined },
          key,
        ),
      delete: () => removals.keys([key], false, policy),
      expire: () => removals.keys([key], true, policy),
    }),
    definitions: () => [...o.defined],
    changed: async (change, options: { readonly origin?: Origin } = {}) => {
      o.open()
      checkKeys('changed options', options, ['origin'])
      const origin = checkOneOf('origin', options.origin ?? 'db', ['local', 'db'])
      return o.off() ? nothingRemoved : await removeChanged(chain, policy, change, origin)
    },
    trace: (tracer) => {
      chain.tracing.tracer = tracer
      return () => {
        if (chain.tracing.tracer === tracer) chain.tracing.tracer = undefined
      }
    },
    stats: () => ({
      ...statsOf(chain, o.counters),
      ...(tenants && { tenants: tenants.operations() }),
    }),
    withTenant: (tenant, work) => {
      if (tenants !== undefined) return tenants.run(tenant, work)
      throw expectation('tenant', 'given to `createCache`, as `withTenant` is used', undefined)
    },
    on: (event, listener) => {
      checkOneOf('event', event, eventNames)
      return chain.events.add(event, listener)
    },
    health: () => Promise.resolve(healthOf(chain)),
    drain: (given: { readonly timeout?: Duration } = {}) => {
      checkKeys('drain options', given, ['timeout'])
      return chain.background.drain(
        given.timeout === undefined ? drainMs : parseDuration('timeout', given.timeout),
      )
    },
    close: o.close,
  }
}
