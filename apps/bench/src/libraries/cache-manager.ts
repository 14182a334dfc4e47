import { createKeyv as createKeyvRedis } from '@keyv/redis'
import { createCache } from 'cache-manager'
import { createKeyv } from 'cacheable'
import type { Library } from '../library.ts'
import { versionOf } from '../version-of.ts'

export const cacheManager: Library = {
  name: 'cache-manager',
  version: versionOf('cache-manager'),
  note: 'CacheableMemory, KeyvRedis behind it, as its read-me shows',
  tiers: ['near', 'far', 'both'],
  open(o) {
    const near = () => createKeyv({ lruSize: o.maxEntries })
    const far = () => createKeyvRedis(o.redisUrl, { namespace: o.namespace })
    const stores = o.tiers === 'near' ? [near()] : o.tiers === 'far' ? [far()] : [near(), far()]
    for (const store of stores) store.on('error', () => {})
    const cache = createCache({ stores, ttl: o.ttlMs })
    const read = (key: string) => cache.wrap(key, () => o.load(key))
    return Promise.resolve({
      read,
      getOrSet: read,
      get: (key) => cache.get(key),
      async many(keys) {
        const found = await cache.mget(keys as string[])
        return await Promise.all(found.map(async (value, i) => value ?? (await read(keys[i] as string))))
      },
      remove: (key) => cache.del(key),
      close: async () => {
        await cache.disconnect().catch(() => {})
      },
    })
  },
}
