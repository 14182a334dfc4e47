import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import type { Contestant } from '../contestant.ts'
import { versionOf } from '../version-of.ts'

/** Ours, with its defaults. */
export function tierstack(): Contestant {
  const cache = createCache({ namespace: 'bench', tiers: [memory()], ttl: '1h' })
  const load = (): Promise<never> => Promise.reject(new Error('a hit was a miss'))
  const defined = cache.define({ name: 'row', load: (_key: string): Promise<unknown> => load() })
  return {
    name: 'tierstack',
    version: versionOf('@tierstack/cache-core'),
    store: async (key, value) => {
      await cache.set(key, value)
      await defined.set(key, value)
    },
    reads: {
      sync: { kind: 'sync', read: (key) => defined.peek(key) },
      awaited: { kind: 'async', read: (key) => defined(key) },
      getOrSet: { kind: 'async', read: (key) => cache.getOrSet(key, load) },
      get: { kind: 'async', read: (key) => cache.get(key) },
    },
    close: () => cache.close(),
  }
}
