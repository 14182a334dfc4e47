import { LRUCache } from 'lru-cache'
import type { Contestant } from '../contestant.ts'
import { versionOf } from '../version-of.ts'

/** The yardstick: every ratio of the local scenarios is to its `get` with a ttl. */
export function lruCache(): Contestant {
  const cache = new LRUCache<string, object>({ max: 100_000, ttl: 3_600_000 })
  return {
    name: 'lru-cache',
    version: versionOf('lru-cache'),
    store: (key, value) => void cache.set(key, value as object),
    reads: {
      sync: { kind: 'sync', read: (key) => cache.get(key) },
      awaited: { kind: 'async', read: (key) => Promise.resolve(cache.get(key)) },
    },
    close: () => cache.clear(),
  }
}
