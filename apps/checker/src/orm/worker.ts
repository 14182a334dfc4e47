import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { cachedQueries } from '@tierstack/cache-postgres'
import { redis } from '@tierstack/cache-redis'
import { Pool } from 'pg'
import { ormApps } from './apps.ts'
import type { Orm } from './apps.ts'
import type { OrmAnswer, OrmOrder } from './run.ts'

/* One process of the small application. */

const [orm = 'drizzle', redisUrl = '', databaseUrl = ''] = process.argv.slice(2)
const plain = new Pool({ connectionString: databaseUrl, max: 2 })
const cache = createCache({
  namespace: `orm-${orm}`,
  tiers: [memory(), redis({ url: redisUrl })],
  ttl: '1h',
  invalidation: 'strict',
})
const app = ormApps[orm as Orm](databaseUrl, cachedQueries({ cache, query: (text) => plain.query(text) }))

async function answer(order: OrmOrder): Promise<OrmAnswer> {
  const { id } = order
  try {
    switch (order.kind) {
      case 'get':
        return { id, value: await app.get(order.key) }
      case 'sum':
        return { id, value: await app.sum() }
      case 'set':
        await app.set(order.key, order.version)
        break
      case 'commit':
      case 'rollback':
        await app.transaction(order.key, order.version, order.kind)
    }
    return { id, value: 0 }
  } catch (error) {
    return { id, error: String(error) }
  }
}

function hits(): number {
  const { hits: byTier = {} } = cache.stats().definitions[''] ?? {}
  return Object.values(byTier).reduce((sum, count) => sum + count, 0)
}

process.on('message', (order: OrmOrder | 'hits') => {
  if (order === 'hits') process.send?.({ id: -1, value: hits() } satisfies OrmAnswer)
  else void answer(order).then((reply) => process.connected && process.send?.(reply))
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
