import type { Chain } from './chain.ts'
import { CacheError } from './errors.ts'
import type { Query } from './query.ts'
import { tally } from './stats.ts'

export function reportFenced(chain: Chain, query: Query, key: string, position: number): void {
  tally(query.counters.fenced, position)
  const tier = chain.names[position] as string
  if (chain.events.on.fenced) chain.events.emit('fenced', { def: query.def, tier, key: () => key })
}

export function refused(
  chain: Chain,
  query: Query,
  key: string,
  position: number,
  why: 'too-large' | 'unencodable' | 'unsealed',
  error: unknown,
): void {
  tally(query.counters.refused, position)
  const tier = chain.names[position] as string
  const cause =
    error ??
    new CacheError('INVALID_OPTION', `the frame is larger than \`maxValueBytes\` of tier \`${tier}\``)
  if (chain.events.on.refused) {
    chain.events.emit('refused', { def: query.def, tier, why, error: cause, key: () => key })
  }
}
