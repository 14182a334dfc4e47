import KeyvRedis from '@keyv/redis'
import { Cacheable, CacheableMemory, Keyv } from 'cacheable'
import type { Library, OpenOptions } from '../library.ts'
import { versionOf } from '../version-of.ts'

function storesOf(o: OpenOptions) {
  const near = () => new Keyv({ store: new CacheableMemory({ lruSize: o.maxEntries }) })
  const far = () => new Keyv({ store: new KeyvRedis(o.redisUrl), namespace: o.namespace })
  if (o.tiers === 'near') return { primary: near() }
  if (o.tiers === 'far') return { primary: far() }
  return { primary: near(), secondary: far() }
}

export const cacheable: Library = {
  name: 'cacheable',
  version: versionOf('cacheable'),
  note: 'CacheableMemory, KeyvRedis behind it',
  tiers: ['near', 'far', 'both'],
  open(o) {
    const cache = new Cacheable({ ...storesOf(o), ttl: o.ttlMs })
    cache.on('error', () => {})
    const read = (key: string) => cache.getOrSet(key, () => o.load(key))
    return Promise.resolve({
      read,
      getOrSet: read,
      get: (key) => cache.get(key),
      async many(keys) {
        const found = await cache.getMany(keys as string[])
        return await Promise.all(found.map(async (value, i) => value ?? (await read(keys[i] as string))))
      },
      remove: (key) => cache.delete(key),
      close: async () => {
        await cache.disconnect().catch(() => {})
      },
    })
  },
}
