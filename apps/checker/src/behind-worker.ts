import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { postgresWriteQueue } from '@tierstack/cache-postgres'
import { redis, redisWriteQueue } from '@tierstack/cache-redis'
import { Pool } from 'pg'
import { BehindSource } from './behind-source.ts'
import type { BehindAnswer, BehindOrder } from './behind-messages.ts'

/* One of the processes that write behind. It is killed without warning. */

const [redisUrl = '', databaseUrl = '', invalidation = 'strict', store = 'redis'] = process.argv.slice(2)
const source = new BehindSource(databaseUrl)
const pool = new Pool({ connectionString: databaseUrl, max: 4 })
pool.on('error', () => {})
const cache = createCache({
  namespace: 'behind',
  // Strict: a write that other processes couldn't be told of is refused, so that every acknowledged one is seen by all.
  invalidation: invalidation === 'queue' ? 'queue' : 'strict',
  tiers: [memory(), redis({ url: redisUrl })],
  writeQueue:
    store === 'postgres' ? postgresWriteQueue({ client: pool }) : redisWriteQueue({ url: redisUrl }),
})
const row = cache.define<number, number>({
  name: 'row',
  load: (key) => source.version(key),
  save: (input, value, { token }) => source.save([{ input, value, token }]),
  saveMany: (writes) => source.save(writes),
  write: 'behind',
})

/** Marks are deletions of keys that nobody reads. */
const markOf = (mark: number) => -mark
let heard = 0
cache.on('invalidate', (event) => {
  if (event.origin !== 'bus') return
  const told = event.removal()
  if (told.kind !== 'keys') return
  for (const key of told.keys) heard = Math.max(heard, -Number(/:n(-\d+)$/.exec(key)?.[1] ?? 0))
})

async function answer(order: BehindOrder): Promise<BehindAnswer> {
  const { id } = order
  try {
    if (order.kind === 'write') {
      await row.write(order.key, order.version)
      // Removals that wait here may be of other keys; none that waits is of this one if there are none.
      const queued = cache.stats().tiers['redis']?.queued ?? 0
      return { id, ok: true, version: order.version, queued: queued > 0 }
    }
    if (order.kind === 'read') {
      const { live = false } = cache.stats().buses['redis'] ?? {}
      const before = heard
      return { id, ok: true, version: await row(order.key), live, heard: before }
    }
    if (order.kind === 'mark') {
      await row.delete(markOf(order.mark))
      return { id, ok: true, version: 0 }
    }
    return { id, ok: true, version: await row.flush({ timeout: '60s' }) }
  } catch (error) {
    return { id, ok: false, why: String(error) }
  }
}

process.on('message', (orders: readonly BehindOrder[]) => {
  for (const order of orders) {
    void answer(order).then((reply) => {
      if (process.connected) process.send?.(reply)
    })
  }
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
