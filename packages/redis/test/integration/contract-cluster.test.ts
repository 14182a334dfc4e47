import { structuredCodec, tierContract } from '@tierstack/cache-testing'
import { startRedisCluster } from '@tierstack/test-services'
import type { RedisCluster } from '@tierstack/test-services'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { redis, requiredAcl } from '../../src/index.ts'
import { rootsOf } from '../access.ts'

const shared = { codec: structuredCodec }
const { rules: rights } = requiredAcl({ cluster: true })

let servers: RedisCluster
const ends: (() => unknown)[] = []

beforeAll(async () => {
  servers = await startRedisCluster(3, { rights })
})

afterAll(async () => {
  for (const end of ends) await end()
  await servers.stop()
})

describe('a Cluster, connected by the tier', () => {
  tierContract(() => redis({ ...shared, cluster: servers.nodes.map(({ url }) => url) }), {
    test,
    schedules: 0,
  })
})

// Announcements keep their order in each bucket only, and the random schedules want one order.
describe('a Cluster with a single bucket', () => {
  tierContract(() => redis({ ...shared, cluster: servers.nodes.map(({ url }) => url), buckets: 1 }), {
    test,
    schedules: 5,
  })
})

describe('a Cluster through a given client of node-redis', () => {
  tierContract(
    async () => {
      const client = createCluster(rootsOf(servers.nodes.map(({ url }) => url)))
      await client.connect()
      ends.push(() => client.destroy())
      return redis({ ...shared, client, buckets: 8 })
    },
    { test, schedules: 0 },
  )
})
