import { createCache } from 'async-cache-dedupe'
import { Redis } from 'ioredis'
import type { Library } from '../library.ts'
import { versionOf } from '../version-of.ts'

export const asyncCacheDedupe: Library = {
  name: 'async-cache-dedupe',
  version: versionOf('async-cache-dedupe'),
  note: 'memory or Redis: it has one tier at a time',
  tiers: ['near', 'far'],
  open(o) {
    const client = o.tiers === 'near' ? undefined : new Redis(o.redisUrl, { keyPrefix: `${o.namespace}:` })
    client?.on('error', () => {})
    const cache = createCache({
      ttl: o.ttlMs / 1_000,
      storage:
        client === undefined
          ? { type: 'memory', options: { size: o.maxEntries } }
          : { type: 'redis', options: { client } },
    }).define('row', (key: string) => o.load(key))
    return Promise.resolve({
      read: (key) => cache.row(key),
      getOrSet: (key) => cache.row(key),
      remove: (key) => cache.clear('row', key),
      close: () => Promise.resolve(client?.disconnect()),
    })
  },
}
