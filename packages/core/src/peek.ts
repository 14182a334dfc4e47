import type { Chain } from './chain.ts'
import { count, noteEntry } from './deliver.ts'
import { servable, softened } from './freshness.ts'
import { copy } from './isolate.ts'
import type { Query } from './query.ts'
import { noteRead, readScopes } from './read-scope.ts'

/** The local value for a synchronous reader who had no quick hit: fresh, or stale within `swr` and `maxStale`; undefined when there is none. */
export function peek(
  chain: Chain,
  query: Pick<Query, 'def' | 'counters'>,
  key: string,
  maxStale?: number,
): unknown {
  const now = chain.clock.now()
  const view = chain.locals.look(key, now, undefined)
  if (view === undefined || view.state === 'suspect') return nothingHere(chain, key)
  const { entry, position, state } = view
  // `error-only` may serve only when a load fails, and none runs here.
  if (state === 'error-only' || state === 'expired') return nothingHere(chain, key)
  if (maxStale !== undefined && state !== 'fresh') {
    const life = entry.soft ? softened(entry, now) : entry
    if (!servable(life, now, maxStale)) return nothingHere(chain, key)
  }
  count(chain, query, key, {
    value: entry.value,
    clone: false,
    slots: [],
    tags: [],
    life: undefined,
    position,
    state: state === 'fresh' ? 'fresh' : 'stale',
    loadMs: entry.loadMs,
    until: 0,
    reason: 'absent',
  })
  if (readScopes.open > 0) noteEntry(chain, key, entry, position)
  return entry.isolation === 'clone' ? copy(entry.value) : entry.value
}

function nothingHere(chain: Chain, key: string): undefined {
  const { sequence } = chain.fence
  if (readScopes.open > 0)
    noteRead(chain, key, { position: -1, tags: [], slots: [], life: undefined, sequence })
}
