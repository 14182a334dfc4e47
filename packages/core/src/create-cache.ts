import { assemble } from './assemble.ts'
import { Audit } from './audit.ts'
import type { Cache } from './cache.ts'
import { closeChain, drainMs } from './close-chain.ts'
import type { Defined } from './defined.ts'
import { Deferral } from './deferred.ts'
import { Detours } from './detours.ts'
import { CacheError } from './errors.ts'
import { resolveOptions } from './options.ts'
import type { CacheOptions } from './options.ts'
import { makeRemovals } from './removals.ts'
import { makeScope } from './scope.ts'
import type { ScopeParts } from './scope-parts.ts'
import { set } from './set.ts'
import { newCounters } from './stats.ts'
import type { DefinitionCounters } from './stats.ts'
import { tenantScope, Tenants } from './tenants.ts'
import type { Tier } from './tier.ts'
import { wholeCache } from './whole-cache.ts'
import { writeThrough } from './write-through.ts'
import { write } from './write.ts'

/**
 * Builds a cache over a chain of tiers. Connects in the background: it is usable at once, and a tier that can't be
 * reached is a miss. Throws `INVALID_OPTION` or `INVALID_CHAIN` for options that can't be meant.
 *
 * @example
 * const cache = createCache({ namespace: 'shop', tiers: [memory()] })
 * const userById = cache.define({ name: 'user.byId', load: (id: number) => db.user(id), ttl: '10m' })
 * await userById(42)
 */
export function createCache<const T extends readonly Tier[]>(
  options: CacheOptions<T>,
): Cache<{ readonly [key: string]: unknown }, T[number]['name']> {
  const resolved = resolveOptions(options)
  const chain = assemble(resolved)
  const detours = new Detours()
  const deferral = new Deferral(detours)
  const counters = new Map<string, DefinitionCounters>()
  const labels = new Set<string>()
  const defined: Defined[] = []
  const ends: (() => Promise<void>)[] = []
  const { enabled } = resolved
  let closing: Promise<void> | undefined
  if (enabled !== true) detours.count++

  const off = () => enabled === false
  const open = () => {
    if (closing)
      throw new CacheError('CLOSED', `Expected an open cache, \`${resolved.namespace}\` was closed`)
  }

  const removals = makeRemovals(chain, deferral, off, open)

  const close = () => {
    // Nothing is counted back: who reads from here on is told so.
    detours.count++
    closing ??= Promise.all(ends.map((end) => end())).then(() => closeChain(chain, resolved))
    return closing
  }

  const tenants = resolved.tenant === undefined ? undefined : new Tenants(resolved.tenant)
  const audit = resolved.audit && new Audit(resolved.audit, resolved.clock, resolved.namespace)
  // What was done is on record before the cache is gone.
  if (audit !== undefined) ends.push(async () => void (await audit.flush(drainMs)))
  const parts: ScopeParts = {
    chain,
    removals,
    audit,
    path: '',
    tags: [],
    policy: resolved.policy,
    counters: (def) => {
      const known = counters.get(def) ?? newCounters(chain.names.length)
      counters.set(def, known)
      return known
    },
    claimLabel: (label) => {
      if (labels.has(label)) {
        throw new CacheError(
          'INVALID_OPTION',
          `Expected each definition to have a name and version of its own, got \`${label}\` twice`,
        )
      }
      labels.add(label)
    },
    defined,
    opened: open,
    detours,
    bypassed: () => {
      open()
      return enabled === false || (enabled !== true && !enabled()) || deferral.active
    },
    set: async (query, key, value, input) => {
      open()
      if (off()) return
      // Nobody may see the value before the commit, and it may never come: the next reader loads what was committed.
      if (deferral.collect({ kind: 'keys', keys: [key], soft: false })) return
      await set(chain, query, key, value, input)
    },
    writeQueue: resolved.writeQueue,
    closing: (end) => ends.push(end),
    writeThrough: async (query, key, input, commit) => {
      open()
      if (off()) return await commit()
      if (deferral.collect({ kind: 'keys', keys: [key], soft: false })) return await commit()
      return await writeThrough(chain, query, key, input, commit)
    },
    postponed: (key, write) => deferral.postpone(key, write),
    write: async (keys, commit, policy) => {
      open()
      if (off()) return await commit()
      // Inside a transaction the commit comes later, and with it the removal.
      if (deferral.collect({ kind: 'keys', keys, soft: false })) return await commit()
      return await write(chain, policy, keys, commit)
    },
    whole: wholeCache({
      chain,
      policy: resolved.policy,
      deferral,
      removals,
      counters,
      defined,
      tenants,
      open,
      off,
      close,
    }),
  }
  const root = makeScope(parts)
  return tenants === undefined ? root : tenantScope(parts, tenants, root)
}
