import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@tierstack/test-services'
import { Cluster as Cluster5 } from 'ioredis5'
import { createCluster } from 'redis'
import { describe, expect, test } from 'vitest'
import type { RedisOptions } from '../../src/index.ts'
import { startReplicatedCluster } from '../replicated-cluster.ts'
import type { ReplicatedCluster } from '../replicated-cluster.ts'
import { openTier } from '../rig.ts'
import { accessOf, rootsOf } from '../access.ts'
import { underLoad } from '../under-load.ts'

const buckets = 16
const keys = Array.from({ length: 64 }, (_, i) => `k${i}`)

interface Connected {
  readonly options: RedisOptions
  readonly end: () => unknown
}

const clients: [string, (urls: readonly string[]) => Promise<Connected>][] = [
  ['connected by the tier', (urls) => Promise.resolve({ options: { cluster: urls }, end: () => undefined })],
  [
    'through ioredis 5',
    (urls) => {
      const client = new Cluster5([...urls], accessOf(urls))
      client.on('error', () => undefined)
      return Promise.resolve({ options: { client }, end: () => client.disconnect() })
    },
  ],
  [
    'through node-redis',
    async (urls) => {
      const client = createCluster(rootsOf(urls))
      client.on('error', () => undefined)
      await client.connect()
      return { options: { client }, end: () => client.destroy() }
    },
  ],
]

const failovers: [string, (servers: ReplicatedCluster) => Promise<void>][] = [
  [
    'a master that hands over to its replica',
    async ({ replica }) => {
      await until('the replica to take over', async () => {
        await replica.command('CLUSTER', 'FAILOVER')
        return (await replica.command('INFO', 'replication')).includes('role:master')
      })
    },
  ],
  [
    'a master that is killed',
    async ({ master, replica }) => {
      await master.kill()
      await until('the replica to take over', async () =>
        (await replica.command('INFO', 'replication')).includes('role:master'),
      )
    },
  ],
]

for (const [what, failOver] of failovers) {
  describe(`with ${what}`, () => {
    for (const [name, connect] of clients) {
      test(`is another history, and the bus subscribes anew, ${name}`, async () => {
        await using servers = await startReplicatedCluster()
        const { options, end } = await connect(servers.urls)
        await using opened = await openTier({ ...options, buckets }, 'failed')
        await using other = await openTier({ cluster: servers.urls, buckets }, 'failed')
        const before = await opened.join()
        for (const key of keys) await opened.put(key, 'old')
        const fence = await opened.fenceFor('loading')
        await failOver(servers)
        await until('the losses', () => Promise.resolve(opened.losses.length > 0 && other.losses.length > 0))
        expect(await opened.join()).not.toBe(before)
        await other.join()
        expect((await opened.tier.read(keys)).filter((frame) => frame !== undefined)).toEqual([])
        expect(await opened.fill('loading', fence)).toBe('fenced')
        await Promise.all([opened.live(), other.live()])
        expect(opened.heard).toContain('gap')
        opened.heard.length = 0
        await other.tier.delete(keys)
        await until('the announcement', () => {
          const heard = new Set(
            opened.heard.flatMap((one) =>
              one === 'gap' ? [] : (JSON.parse(one) as { keys: string[] }).keys,
            ),
          )
          return Promise.resolve(keys.every((key) => heard.has(key)))
        })
        await opened.put('k1', 'new')
        expect(await other.get('k1')).toBe('new')
        await end()
      })
    }

    test('gives no reader an old row, whatever was removed around it', async () => {
      await using servers = await startReplicatedCluster()
      const { stale, reads } = await underLoad({ cluster: servers.urls, buckets }, 'around', async () => {
        await failOver(servers)
        await sleep(3_000)
      })
      expect(stale).toEqual([])
      expect(reads).toBeGreaterThan(200)
    })
  })
}
