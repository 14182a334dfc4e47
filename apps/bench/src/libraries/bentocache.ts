import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import type { Library, OpenOptions } from '../library.ts'
import { versionOf } from '../version-of.ts'

function storeOf(o: OpenOptions, connection: Redis | undefined) {
  const near = memoryDriver({ maxItems: o.maxEntries })
  if (connection === undefined) return bentostore().useL1Layer(near)
  const far = redisDriver({ connection })
  if (o.tiers === 'far') return bentostore().useL2Layer(far)
  return bentostore()
    .useL1Layer(near)
    .useL2Layer(far)
    .useBus(redisBusDriver({ connection: connection.options }))
}

export const bentocache: Library = {
  name: 'bentocache',
  version: versionOf('bentocache'),
  note: 'as its read-me sets it up: memory, Redis, bus',
  tiers: ['near', 'far', 'both'],
  open(o) {
    const connection = o.tiers === 'near' ? undefined : new Redis(o.redisUrl)
    connection?.on('error', () => {})
    const cache = new BentoCache({
      default: 'rows',
      prefix: o.namespace,
      ttl: o.ttlMs,
      stores: { rows: storeOf(o, connection) },
    })
    const read = (key: string) => cache.getOrSet({ key, factory: () => o.load(key) })
    return Promise.resolve({
      read,
      getOrSet: read,
      get: (key) => cache.get({ key }),
      remove: (key) => cache.delete({ key }),
      async close() {
        await cache.disconnectAll().catch(() => {})
        connection?.disconnect()
      },
    })
  },
}
