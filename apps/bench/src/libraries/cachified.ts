import { cachified as readThrough } from '@epic-web/cachified'
import type { Cache, CacheEntry } from '@epic-web/cachified'
import { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Library } from '../library.ts'
import { versionOf } from '../version-of.ts'

export const cachified: Library = {
  name: 'cachified',
  version: versionOf('@epic-web/cachified'),
  note: 'over lru-cache, or over ten lines around ioredis: it has one tier at a time',
  tiers: ['near', 'far'],
  open(o) {
    const client =
      o.tiers === 'near'
        ? undefined
        : new Redis(o.redisUrl, { keyPrefix: `${o.namespace}:`, enableAutoPipelining: true })
    client?.on('error', () => {})
    const cache: Cache =
      client === undefined
        ? new LRUCache<string, CacheEntry>({ max: o.maxEntries, ttl: o.ttlMs })
        : {
            get: async (key) => {
              const text = await client.get(key)
              return text === null ? undefined : (JSON.parse(text) as CacheEntry)
            },
            set: (key, entry) => client.set(key, JSON.stringify(entry), 'PX', o.ttlMs),
            delete: (key) => client.del(key),
          }
    const read = (key: string) => readThrough({ key, cache, ttl: o.ttlMs, getFreshValue: () => o.load(key) })
    return Promise.resolve({
      read,
      getOrSet: read,
      remove: async (key) => {
        await cache.delete(key)
      },
      close: () => Promise.resolve(client?.disconnect()),
    })
  },
}
