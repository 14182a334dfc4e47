import { structuredCodec, tierContract } from '@tierstack/cache-testing'
import { Redis as Redis6 } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { Valkey } from 'iovalkey'
import { createClient } from 'redis'
import { afterAll, describe, inject, test } from 'vitest'
import { redis } from '../../src/index.ts'

const shared = { codec: structuredCodec }

const ends: (() => unknown)[] = []

afterAll(async () => {
  for (const end of ends) await end()
})

for (const [name, connect] of [
  ['ioredis 5', (url: string) => new Redis5(url)],
  ['ioredis 6', (url: string) => new Redis6(url)],
  ['iovalkey', (url: string) => new Valkey(url)],
] as const) {
  describe(`a given client of ${name}`, () => {
    tierContract(
      () => {
        const client = connect(inject('redisUrl'))
        ends.push(() => client.disconnect())
        return redis({ ...shared, client })
      },
      { test, schedules: 5 },
    )
  })
}

describe('a given client of node-redis', () => {
  tierContract(
    async () => {
      const client = createClient({ url: inject('redisUrl') })
      await client.connect()
      ends.push(() => client.destroy())
      return redis({ ...shared, client })
    },
    { test, schedules: 5 },
  )
})
