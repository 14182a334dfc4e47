import { Redis } from 'ioredis'
import { createNotificationPair, Loader, RedisCache } from 'layered-loader'
import type { Library } from '../library.ts'
import { versionOf } from '../version-of.ts'

export const layeredLoader: Library = {
  name: 'layered-loader',
  version: versionOf('layered-loader'),
  note: 'memory, Redis, notifications; `getInMemoryOnly ?? get`, as its read-me advises',
  tiers: ['near', 'far', 'both'],
  open(o) {
    const connections: Redis[] = []
    const connect = () => {
      const connection = new Redis(o.redisUrl)
      connection.on('error', () => {})
      connections.push(connection)
      return connection
    }
    const ttlInMsecs = o.ttlMs
    const near = { inMemoryCache: { ttlInMsecs, maxItems: o.maxEntries } }
    const far = () => ({
      asyncCache: new RedisCache<object>(connect(), { json: true, prefix: o.namespace, ttlInMsecs }),
    })
    const bus = () => {
      const { publisher, consumer } = createNotificationPair<object>({
        channel: o.namespace,
        publisherRedis: connect(),
        consumerRedis: connect(),
      })
      return { notificationPublisher: publisher, notificationConsumer: consumer }
    }
    const load = async (key: string) => (await o.load(key)) as object
    const loader = new Loader<object>({
      ...(o.tiers === 'far' ? {} : near),
      ...(o.tiers === 'near' ? {} : far()),
      ...(o.tiers === 'both' ? bus() : {}),
      dataSourceGetOneFn: load,
      dataSourceGetManyFn: (keys: string[]) => Promise.all(keys.map(load)),
      cacheKeyFromValueResolver: (value) => `row:${(value as { id: number }).id}`,
    })
    const local = o.tiers !== 'far'
    return Promise.resolve({
      read: (key) => {
        const value = local ? loader.getInMemoryOnly(key) : undefined
        return value == null ? loader.get(key) : Promise.resolve(value)
      },
      getOrSet: (key) => loader.get(key),
      ...(local && { peek: (key: string) => loader.getInMemoryOnly(key) }),
      async many(keys) {
        const found = new Map<number, unknown>()
        for (const value of await loader.getMany(keys as string[]))
          found.set((value as { id: number }).id, value)
        return keys.map((key) => found.get(Number(key.slice(key.lastIndexOf(':') + 1))))
      },
      remove: (key) => loader.invalidateCacheFor(key),
      close: () => {
        for (const connection of connections) connection.disconnect()
        return Promise.resolve()
      },
    })
  },
}
