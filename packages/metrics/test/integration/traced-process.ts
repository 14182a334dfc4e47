// One process of a fleet, that traces itself into memory. Does what its parent asks, and tells its spans.
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { Redis } from 'ioredis'
import pg from 'pg'
import { trace } from '../../src/index.ts'
import { spansInMemory } from '../spans.ts'

export type Order = 'read' | 'delete' | 'spans'

const [, , namespace = '', redisUrl = '', databaseUrl = ''] = process.argv
const { tracerProvider, inSpan, take } = spansInMemory()
const client = new Redis(redisUrl)
const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
const cache = createCache({ namespace, tiers: [memory(), redis({ client })], timeouts: { tier: '2s' } })
trace(cache, { tracerProvider })

const row = cache.define({
  name: 'row',
  load: (id: number) =>
    inSpan('SELECT', async () => {
      process.send?.({ order: 'loading' })
      const { rows } = await pool.query('SELECT $1::int AS id, pg_sleep(0.5)', [id])
      return (rows as { id: number }[])[0]?.id
    }),
})

async function obey(order: Order): Promise<unknown> {
  if (order === 'read') return await inSpan('request', () => row(1))
  if (order === 'delete') return await inSpan('edit', () => row.delete(1))
  return take()
}

await pool.query('SELECT 1')
// What the first read of a process has to find out first is no part of what is shown.
await cache.get('nothing')
process.on('message', (order: Order) => {
  void obey(order).then((answer) => process.connected && process.send?.({ order, answer }))
})
process.send?.({ order: 'ready' })
