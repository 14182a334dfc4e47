import type { Chain } from './chain.ts'
import type { LocalEntry } from './entry.ts'
import type { Flight, Landing } from './flight.ts'
import { softened } from './freshness.ts'
import { copy } from './isolate.ts'
import type { Query } from './query.ts'
import { noteRead, readScopes } from './read-scope.ts'
import { tally } from './stats.ts'

/** What the landing brings one of its readers. */
export function deliver(
  chain: Chain,
  query: Query,
  key: string,
  flight: Pick<Flight, 'sequence'>,
  landing: Landing,
): unknown {
  count(chain, query, key, landing)
  if (readScopes.open > 0) noteRead(chain, key, { ...landing, sequence: flight.sequence })
  return landing.clone ? copy(landing.value) : landing.value
}

export function noteEntry(chain: Chain, key: string, entry: LocalEntry, position: number): void {
  const life = entry.soft ? softened(entry, chain.clock.now()) : entry
  noteRead(chain, key, {
    position,
    tags: entry.tags,
    slots: entry.slots,
    life,
    sequence: chain.fence.sequence,
  })
}

export function count(
  chain: Chain,
  query: Pick<Query, 'def' | 'counters'>,
  key: string,
  landing: Landing,
): void {
  const { counters } = query
  if (landing.state === 'fresh') {
    counters.hits[landing.position] = (counters.hits[landing.position] as number) + 1
    counters.saved[0] = (counters.saved[0] as number) + landing.loadMs
  } else if (landing.state === 'stale') {
    tally(counters.stale, landing.position)
    counters.saved[0] = (counters.saved[0] as number) + landing.loadMs
  } else {
    counters.misses[landing.reason]++
    if (chain.events.on.miss) chain.events.emit('miss', { def: query.def, key: () => key })
    return
  }
  if (chain.events.on.hit) emitHit(chain, query, () => key, landing.position, landing.state)
}

export function emitHit(
  chain: Chain,
  query: Pick<Query, 'def'>,
  key: () => string,
  position: number,
  state: 'fresh' | 'stale',
): void {
  chain.events.emit('hit', { def: query.def, tier: chain.names[position] as string, state, key })
}
