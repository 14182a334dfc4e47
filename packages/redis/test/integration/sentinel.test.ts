import { startSentinel, until } from '@tierstack/test-services'
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'
import { expect, test } from 'vitest'
import { failFast, IoRedisSubscriber } from '../../src/ioredis-node.ts'
import type { Io } from '../../src/ioredis-node.ts'
import { IoRedisPort } from '../../src/ioredis-port.ts'
import { openTier } from '../rig.ts'
import { encryptionOf, nodeAccessOf, sentinelAccessOf, tierAccessOf } from '../access.ts'
import type { Opened } from '../rig.ts'
import type { SentinelSetup } from '@tierstack/test-services'

/** Lets the primary die; resolves to what is read of before, and of after. */
async function failOver(setup: SentinelSetup, opened: Opened): Promise<(string | undefined)[]> {
  const before = await opened.join()
  await opened.put('k', '1')
  await setup.primary.kill()
  await until('a loss', () => Promise.resolve(opened.losses.length > 0))
  await expect(opened.tier.read(['k'])).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
  await until('another primary', async () => (await setup.primaryPort()) !== setup.primary.port)
  expect(await opened.join()).not.toBe(before)
  const old = await opened.get('k')
  await opened.put('k', '2')
  await opened.live()
  expect(opened.heard).toContain('gap')
  return [old, await opened.get('k')]
}

test('a failover by Sentinels, connected by the tier', async () => {
  await using setup = await startSentinel()
  const sentinels = setup.sentinels.map(({ host, port }) => `${host}:${port}`)
  await using opened = await openTier({
    sentinels,
    sentinelName: setup.name,
    ...tierAccessOf(setup.primary.url),
  })
  // What the replica had may be older than what was removed.
  expect(await failOver(setup, opened)).toEqual([undefined, '2'])
})

test('a failover by Sentinels through a given client of node-redis', async () => {
  await using setup = await startSentinel()
  const client = createSentinel({
    name: setup.name,
    sentinelRootNodes: [...setup.sentinels],
    nodeClientOptions: nodeAccessOf(setup.primary.url),
    sentinelClientOptions: encryptionOf(setup.primary.url),
    scanInterval: 200,
  })
  client.on('error', () => undefined)
  await client.connect()
  await using opened = await openTier({ client })
  // What the replica had may be older than what was removed.
  expect(await failOver(setup, opened)).toEqual([undefined, '2'])
  client.destroy().catch(() => undefined)
})

test('a connection that is dropped while it asks the Sentinels for the primary is made again', async () => {
  await using setup = await startSentinel()
  const client = new Redis({
    ...failFast,
    name: setup.name,
    sentinels: [...setup.sentinels],
    ...sentinelAccessOf(setup.primary.url),
    sentinelRetryStrategy: failFast.retryStrategy,
  }) as Io
  const port = new IoRedisPort(client, true)
  port.open(() => {})
  port.reconnect()
  await until('the data connection', () => Promise.resolve(client.status === 'ready'))
  let ready = 0
  const subscriber = new IoRedisSubscriber(
    client,
    { ready: () => ready++, message() {}, tracked: false, changed() {}, lost() {} },
    false,
  )
  subscriber.reconnect()
  await until('the subscriber', () => Promise.resolve(ready > 0))
  expect(client.status).toBe('ready')
  subscriber.close()
  await port.close()
  await until('the end', () => Promise.resolve(client.status === 'end'))
  expect(ready).toBe(1)
})
