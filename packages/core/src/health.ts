import type { TierHealth } from './cache.ts'
import type { Chain } from './chain.ts'
import type { LinkState } from './link-session.ts'

/** What an operator is told of a connection's state. */
export function stateOf(state: LinkState): TierHealth['state'] {
  if (state === 'up') return 'up'
  return state === 'down' || state === 'closed' ? 'down' : 'degraded'
}

/** How each tier is, by name. */
export function healthOf(chain: Chain): Record<string, TierHealth> {
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
