import { eventNames } from './events.ts'
import { assemble } from './assemble.ts'
import { Audit } from './audit.ts'
import type { Cache, TierHealth } from './cache.ts'
import type { Chain } from './chain.ts'
import type { Defined } from './defined.ts'
import { versionIn } from './defined.ts'
import { Deferral } from './deferred.ts'
import { Detours } from './detours.ts'
import { parseDuration } from './duration.ts'
import type { Duration } from './duration.ts'
import { CacheError } from './errors.ts'
import { checkKeys, checkOneOf, expectation } from './expectation.ts'
import { explain, inspect } from './explain.ts'
import { resolveOptions } from './options.ts'
import type { CacheOptions, ResolvedOptions } from './options.ts'
import type { ResolvedPolicy } from './policy.ts'
import type { LinkState } from './link-session.ts'
import { removeAll, removeChanged, removeKeys, removeTags } from './remove.ts'
import type { Receipt } from './remove.ts'
import type { Tier } from './tier.ts'
import type { Origin } from './told-removal.ts'
import { makeScope } from './scope.ts'
import type { Removal, ScopeParts } from './scope-parts.ts'
import { set } from './set.ts'
import { definitionStats, newCounters } from './stats.ts'
import type { BusStats, CacheStats, DefinitionCounters, TierStats } from './stats.ts'
import { tenantScope, Tenants } from './tenants.ts'
import { writeThrough } from './write-through.ts'
import { write } from './write.ts'

const drainMs = 5_000

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

  const removal = removals(chain, deferral, off, open)

  const close = () => {
    // Nothing is counted back: who reads from here on is told so.
    detours.count++
    closing ??= Promise.all(ends.map((end) => end())).then(() => closeAll(chain, resolved))
    return closing
  }

  const tenants = resolved.tenant === undefined ? undefined : new Tenants(resolved.tenant)
  const audit = resolved.audit && new Audit(resolved.audit, resolved.clock, resolved.namespace)
  // What was done is on record before the cache is gone.
  if (audit !== undefined) ends.push(async () => void (await audit.flush(drainMs)))
  const parts: ScopeParts = {
    chain,
    removal,
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
    postponed: (write) => deferral.postpone(write),
    write: async (keys, commit, policy) => {
      open()
      if (off()) return await commit()
      // Inside a transaction the commit comes later, and with it the removal.
      if (deferral.collect({ kind: 'keys', keys, soft: false })) return await commit()
      return await write(chain, policy, keys, commit)
    },
    whole: {
      deferred: async (work) =>
        await deferral.run(work, async (collected) => {
          const results = await Promise.allSettled(
            collected.map((one) => applied(removal, one, resolved.policy)),
          )
          for (const result of results) if (result.status === 'rejected') throw result.reason
        }),
      byKey: (key) => ({
        explain: () => explain(chain, key),
        entry: () =>
          inspect(
            chain,
            { version: versionIn(key), codec: undefined, sensitive: false, schema: undefined },
            key,
          ),
        delete: () => removal.keys([key], false, resolved.policy),
        expire: () => removal.keys([key], true, resolved.policy),
      }),
      definitions: () => [...defined],
      changed: async (change, options: { readonly origin?: Origin } = {}) => {
        open()
        checkKeys('changed options', options, ['origin'])
        const origin = checkOneOf('origin', options.origin ?? 'db', ['local', 'db'])
        return off() ? nothingRemoved : await removeChanged(chain, resolved.policy, change, origin)
      },
      trace: (tracer) => {
        chain.tracing.tracer = tracer
        return () => {
          if (chain.tracing.tracer === tracer) chain.tracing.tracer = undefined
        }
      },
      stats: () => ({
        ...statsOf(chain, counters),
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
      close,
    },
  }
  const root = makeScope(parts)
  return tenants === undefined ? root : tenantScope(parts, tenants, root)
}

/** What is switched off for good holds nothing. */
const nothingRemoved: Receipt = { confirmed: [], queued: [], durable: [], bus: 'none' }

/** Removals, collected when inside a transaction; nothing to do when the cache is switched off for good. */
function removals(chain: Chain, deferral: Deferral, off: () => boolean, open: () => void): Removal {
  const later: Receipt = { confirmed: [], queued: chain.names, durable: [], bus: 'queued' }
  return {
    keys: async (keys, soft, policy) => {
      open()
      if (off()) return nothingRemoved
      return deferral.collect({ kind: 'keys', keys, soft })
        ? later
        : await removeKeys(chain, policy, keys, soft)
    },
    tags: async (tags, soft, policy) => {
      open()
      if (off()) return nothingRemoved
      return deferral.collect({ kind: 'tags', tags, soft })
        ? later
        : await removeTags(chain, policy, tags, soft)
    },
    all: async (policy) => {
      open()
      if (off()) return nothingRemoved
      return deferral.collect({ kind: 'all' }) ? later : await removeAll(chain, policy)
    },
  }
}

function applied(
  removal: Removal,
  one: Parameters<Deferral['collect']>[0],
  policy: ResolvedPolicy,
): Promise<Receipt> {
  if (one.kind === 'all') return removal.all(policy)
  return one.kind === 'keys'
    ? removal.keys(one.keys, one.soft, policy)
    : removal.tags(one.tags, one.soft, policy)
}

async function closeAll(chain: Chain, options: ResolvedOptions): Promise<void> {
  await chain.background.drain(drainMs)
  for (const outbox of chain.buses) outbox.close()
  const closing = Promise.allSettled([
    ...chain.links.map(async (link) => {
      await link.coherence?.bus.close()
      await link.close()
    }),
    ...chain.edges.map((edge) => edge.close()),
    options.bus?.close(),
    options.writeQueue?.close(),
  ])
  // A tier that hangs doesn't keep the process from ending.
  let cancel = () => {}
  const late = new Promise<void>((resolve) => {
    cancel = chain.clock.after(drainMs, resolve)
  })
  await Promise.race([closing, late])
  cancel()
  chain.locals.clear()
}

function statsOf(chain: Chain, counters: ReadonlyMap<string, DefinitionCounters>): CacheStats {
  const tiers: Record<string, TierStats> = {}
  const none = { errors: 0, timeouts: 0, opened: 0, queued: 0 }
  for (const tier of chain.locals.tiers) {
    const { size = 0, expired = 0 } = chain.counters.evictions.get(tier.name) ?? {}
    const held = { size: tier.size, bytes: tier.bytes, evicted: size, expired }
    tiers[tier.name] = { kind: 'local', state: 'up', ...held, ...none }
  }
  for (const link of chain.links) {
    const state = stateOf(link.state)
    tiers[link.name] = { kind: 'remote', state, ...link.counters, queued: link.journal.size }
  }
  for (const edge of chain.edges) {
    tiers[edge.name] = {
      kind: 'edge',
      state: edge.state,
      opened: 0,
      ...edge.counters,
      queued: edge.size,
    }
  }
  const definitions = Object.fromEntries(
    [...counters].map(([name, own]) => [name, definitionStats(own, chain.names)]),
  )
  const now = chain.clock.now()
  const buses: Record<string, BusStats> = {}
  for (const [name, { gaps, until, lagMs }] of chain.counters.buses) {
    buses[name] = { gaps, live: now < until, lagMs }
  }
  const { running, queued } = chain.bulkhead
  return {
    namespace: chain.namespace,
    definitions,
    tiers,
    buses,
    removals: { ...chain.counters.removals },
    loads: { running, queued },
  }
}

function stateOf(state: LinkState): TierHealth['state'] {
  if (state === 'up') return 'up'
  return state === 'down' || state === 'closed' ? 'down' : 'degraded'
}

function healthOf(chain: Chain): Record<string, TierHealth> {
  const health: Record<string, TierHealth> = {}
  for (const tier of chain.locals.tiers) health[tier.name] = { state: 'up', since: 0, error: undefined }
  for (const link of chain.links) {
    const state = stateOf(link.state)
    health[link.name] = { state, since: link.since, error: state === 'up' ? undefined : link.lastError }
  }
  for (const edge of chain.edges) {
    const { state, since, lastError } = edge
    health[edge.name] = { state, since, error: state === 'up' ? undefined : lastError }
  }
  return health
}
