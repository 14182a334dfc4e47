import { LRUCache } from 'lru-cache'
import type { Library } from '../library.ts'
import { versionOf } from '../version-of.ts'

/** The yardstick of the local scenarios: its `get` with a ttl. */
export const lruCache: Library = {
  name: 'lru-cache',
  version: versionOf('lru-cache'),
  note: 'raw, with a ttl; loads are `fetch`',
  tiers: ['near'],
  open(o) {
    const cache = new LRUCache<string, object>({
      max: o.maxEntries,
      ttl: o.ttlMs,
      // Else a removal rejects those who wait for a load.
      ignoreFetchAbort: true,
      fetchMethod: async (key) => (await o.load(key)) as object,
    })
    const read = (key: string) => {
      const value = cache.get(key)
      return value === undefined ? cache.fetch(key) : Promise.resolve(value)
    }
    return Promise.resolve({
      read,
      getOrSet: (key) => cache.fetch(key),
      get: (key) => Promise.resolve(cache.get(key)),
      peek: (key) => cache.get(key),
      remove: (key) => Promise.resolve(cache.delete(key)),
      close: () => Promise.resolve(cache.clear()),
    })
  },
}
