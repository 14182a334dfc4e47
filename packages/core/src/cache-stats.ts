import type { Chain } from './chain.ts'
import { stateOf } from './health.ts'
import { definitionStats } from './stats.ts'
import type { BusStats, CacheStats, DefinitionCounters, TierStats } from './stats.ts'

/** Everything counted so far, in objects of the caller's own. */
export function statsOf(chain: Chain, counters: ReadonlyMap<string, DefinitionCounters>): CacheStats {
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
