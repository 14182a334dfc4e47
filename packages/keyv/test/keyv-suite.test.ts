import keyvTestSuite from '@keyv/test-suite'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { processStore } from '@tierstack/cache-testing'
import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv5'
import { afterAll, afterEach, beforeEach, describe, test } from 'vitest'
import { keyvStore } from '../src/index.ts'

type Suite = Parameters<typeof keyvTestSuite>

/** Keyv 6 with the two answers of Keyv 5 that the suite was written for. */
class Keyv6LikeKeyv5 extends Keyv6 {
  override async delete(keys: never): Promise<never> {
    const answer: unknown = await super.delete(keys)
    return (Array.isArray(answer) ? answer.every(Boolean) : answer) as never
  }

  override async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    if (typeof value === 'symbol') throw new Error('symbol cannot be serialized')
    return await super.set(key, value, ttl)
  }
}

function chain() {
  const cache = createCache({ namespace: 'suite', tiers: [memory(), processStore().tier()], ttl: '1h' })
  afterAll(() => cache.close())
  return cache
}

async function settled() {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** The suite takes a whole runner, and the Keyv class to test. */
function suite(keyv: unknown, store: () => unknown) {
  // Some tests of the suite don't wait for what they start, which would then happen in the next one.
  afterEach(() => settled())
  const runner = { it: test, beforeEach, afterEach } as unknown as Suite[0]
  keyvTestSuite(runner, keyv as Suite[1], store as Suite[2])
}

describe('a chain as a store of Keyv 5', () => {
  const cache = chain()
  suite(Keyv5, () => keyvStore(cache, { keyv: 5 }))
})

describe('a chain as a store of Keyv 6', () => {
  const cache = chain()
  suite(Keyv6LikeKeyv5, () => keyvStore(cache))
})
