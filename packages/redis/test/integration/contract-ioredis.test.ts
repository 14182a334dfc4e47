import { structuredCodec, tierContract } from '@tierstack/cache-testing'
import { describe, inject, test } from 'vitest'
import { redis } from '../../src/index.ts'

const shared = { codec: structuredCodec }

describe('ioredis 6, made by the tier', () => {
  tierContract(() => redis({ ...shared, url: inject('redisUrl') }), { test })
})
