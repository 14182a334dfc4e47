import { livePage } from '@tierstack/cache-metrics/page'
import type { LivePage, LivePageOptions } from '@tierstack/cache-metrics/page'
import type { Caching } from '../caching.ts'
import type { Closing } from '../closing.ts'
import type { Database } from '../database/database.ts'
import type { Queries } from '../database/queries.ts'
import { fromDatabase } from '../served.ts'
import type { ServedReads } from '../served.ts'
import { createActions } from './actions.ts'
import type { OwnRedis } from './own-redis.ts'
import { Traffic } from './traffic.ts'
import { Witness } from './witness.ts'

export interface LiveParts {
  readonly caching: Caching
  readonly database: Database
  readonly queries: Queries
  readonly served: ServedReads
  readonly redis: OwnRedis | undefined
}

/** The demo's live page, at `/live`: with buttons for everything that could go wrong. */
export function openLive(
  parts: LiveParts,
  options: Pick<LivePageOptions, 'token' | 'advisor'>,
  closing: Closing,
): LivePage {
  const { caching, database, served } = parts
  const witness = new Witness(caching)
  const traffic = new Traffic(parts, witness)
  const live = livePage(caching.cache, {
    ...options,
    prefix: '/live',
    queries: () => database.ledger.counts().read,
    reads: (note) => served.listen((source, ms) => note(source === fromDatabase ? undefined : source, ms)),
    facts() {
      const { reads, old } = witness.counts
      const seen = `${old.toLocaleString('en')} of ${reads.toLocaleString('en')}`
      return [{ title: 'reads after an acknowledged edit got the old row', value: seen, good: old === 0 }]
    },
    actions: createActions({
      ...parts,
      witness,
      traffic,
      note: (text, mood) => live.note(text, mood),
    }),
  })
  closing.add('load of the page', () => traffic.stop())
  return live
}
