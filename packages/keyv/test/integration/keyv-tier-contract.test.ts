import KeyvRedis from '@keyv/redis'
import { tierContract } from '@tierstack/cache-testing'
import { Keyv as Keyv6, KeyvMemoryAdapter } from 'keyv'
import { Keyv as Keyv5 } from 'keyv5'
import { afterAll, describe, inject, test } from 'vitest'
import { keyvTier } from '../../src/index.ts'
import type { KeyvAdapterLike, KeyvLike } from '../../src/index.ts'

const redis = new KeyvRedis<string>(inject('redisUrl'))
afterAll(() => redis.disconnect())

const stores: Record<string, KeyvLike | KeyvAdapterLike> = {
  'the Redis adapter of Keyv 6': redis,
  'Keyv 6 on Redis': new Keyv6({ store: redis, namespace: 'app' }),
  'Keyv 6 in memory': new Keyv6(),
  'Keyv 6 without serialization': new Keyv6({ serialization: false }),
  'the memory adapter of Keyv 6': new KeyvMemoryAdapter(new Map()),
  'Keyv 5 in memory': new Keyv5(),
  'a Map': new Map<string, never>(),
}

describe.each(Object.entries(stores))('%s', (_, store) => {
  tierContract(() => keyvTier(store), { test, coherence: false })
})
