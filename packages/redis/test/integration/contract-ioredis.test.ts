import { structuredCodec, tierContract } from '@tierstack/cache-testing'
import '@tierstack/test-services'
import { describe, inject, test } from 'vitest'
import { redis } from '../../src/index.ts'

describe('ioredis 6, made by the tier', () => {
  tierContract(() => redis({ url: inject('redisUrl'), prefix: 'contract', codec: structuredCodec }), { test })
})
