import { tierContract } from '@tierstack/cache-testing'
import { describe, inject, test } from 'vitest'
import { contractTier } from '../contract-rig.ts'

describe('ioredis 6, made by the tier', () => {
  tierContract(() => contractTier({ url: inject('redisUrl') }), { test })
})
