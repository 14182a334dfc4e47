import { expect, test } from 'vitest'
import { chooseTiers } from '../src/tiers.ts'

test('without a Redis the second tier is SQLite', async () => {
  const { tiers, titles, stop } = await chooseTiers({ PATH: '' })
  await tiers[1].close()
  await stop()
  expect(tiers.map(({ name }) => name)).toEqual(['memory', 'sqlite'])
  expect(titles[1]).toBe(
    'SQLite, a file of this host (no REDIS_URL, no redis-server or valkey-server on the PATH)',
  )
})

test('a REDIS_URL that can not be meant is refused in one sentence', async () => {
  await expect(chooseTiers({ REDIS_URL: 'localhost:6379' })).rejects.toThrow(
    'Expected REDIS_URL to be a URL such as redis://localhost:6379, got `localhost:6379`.',
  )
})
