import { startSentinel, until } from '@tierstack/test-services'
import { createSentinel } from 'redis'
import { expect, test } from 'vitest'
import { openTier } from '../rig.ts'
import type { Opened } from '../rig.ts'
import type { SentinelSetup } from '@tierstack/test-services'

async function failOver(setup: SentinelSetup, opened: Opened): Promise<void> {
  const before = await opened.join()
  await opened.put('k', '1')
  await setup.primary.kill()
  await until('a loss', () => Promise.resolve(opened.losses.length > 0))
  await expect(opened.tier.read(['k'])).rejects.toThrow()
  await until('another primary', async () => (await setup.primaryPort()) !== setup.primary.port)
  expect(await opened.join()).not.toBe(before)
  // What the replica had may be older than what was removed.
  expect(await opened.get('k')).toBeUndefined()
  await opened.put('k', '2')
  expect(await opened.get('k')).toBe('2')
  await opened.live()
  expect(opened.heard).toContain('gap')
}

test('a failover by Sentinels, connected by the tier', async () => {
  await using setup = await startSentinel()
  const sentinels = setup.sentinels.map(({ host, port }) => `${host}:${port}`)
  await using opened = await openTier({ sentinels, sentinelName: setup.name })
  await failOver(setup, opened)
})

test('a failover by Sentinels through a given client of node-redis', async () => {
  await using setup = await startSentinel()
  const client = createSentinel({ name: setup.name, sentinelRootNodes: [...setup.sentinels], scanInterval: 200 })
  client.on('error', () => undefined)
  await client.connect()
  await using opened = await openTier({ client })
  await failOver(setup, opened)
  client.destroy().catch(() => undefined)
})
