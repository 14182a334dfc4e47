import { createCache } from '@tierstack/cache-core'
import type { Cache, Codec, Encryption, LocalTier } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import type { RedisOptions, RedisRemoteTier } from '@tierstack/cache-redis'
import { checkout } from '../checkout.ts'
import type { Contestant, Library, OpenOptions } from '../library.ts'

/** What a set-up of ours differs in from the default one. */
export interface Variant {
  readonly redis?: (url: string) => RedisOptions
  readonly codec?: Codec
  readonly encryption?: Encryption
  readonly tags?: (key: string) => readonly string[]
  /** Switches something on. */
  readonly attach?: (cache: Cache) => void
}

/** All are bounded by entries here. By default ours would be by its 64 MB as well, which are full before some tables are. */
const room = 4 * 1024 ** 3

/** Ours: `createCache` with its defaults. */
export const tierstack: Library = ours('tierstack', 'definitions of `createCache`, defaults', {})

export function ours(name: string, note: string, variant: Variant): Library {
  return {
    name,
    version: checkout(),
    note,
    tiers: ['near', 'far', 'both'],
    open: (options) => Promise.resolve(open(options, variant)),
  }
}

function open(o: OpenOptions, variant: Variant): Contestant {
  const near = () => memory({ maxEntries: o.maxEntries, maxBytes: room })
  const far = () => redis((variant.redis ?? ((url) => ({ url })))(o.redisUrl))
  const tiers: (LocalTier | RedisRemoteTier)[] =
    o.tiers === 'near' ? [near()] : o.tiers === 'far' ? [far()] : [near(), far()]
  const cache = createCache({
    namespace: o.namespace,
    tiers: tiers as [LocalTier, RedisRemoteTier],
    ttl: o.ttlMs,
    ...(variant.codec && { codec: variant.codec }),
    ...(variant.encryption && { encryption: variant.encryption }),
  }) as unknown as Cache
  variant.attach?.(cache)
  const row = cache.define({
    name: 'row',
    load: (key: string) => o.load(key),
    ...(variant.tags && { tags: (_: unknown, key: string) => variant.tags?.(key) ?? [] }),
  })
  return {
    read: (key) => row(key),
    getOrSet: (key) => cache.getOrSet(key, () => o.load(key)),
    get: (key) => cache.get(key),
    peek: (key) => row.peek(key),
    many: (keys) => row.many(keys),
    remove: (key) => row.delete(key),
    async close() {
      await cache.drain()
      await cache.close()
    },
  }
}
