import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { connectTwo } from './rig.ts'

function rows(path: string, table: string): number {
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  return database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'] as number
}

const megabyte = 1024 ** 2

test('the file stays within its bound, and the oldest entries go first', async () => {
  const { near, path } = await connectTwo({ maxBytes: '1mb' })
  for (let n = 0; n < 500; n++) await near.put(`k${n}`, 'x'.repeat(10_000))
  expect(statSync(path).size).toBeLessThan(1.3 * megabyte)
  expect(await near.get('k499')).toBeDefined()
  expect(await near.get('k450')).toBeDefined()
  expect(await near.get('k0')).toBeUndefined()
})

test('many small entries stay within the bound too', async () => {
  const { near, path } = await connectTwo({ maxBytes: '1mb' })
  for (let n = 0; n < 6_000; n++) await near.put(`k${n}`, 'x'.repeat(100))
  expect(statSync(path).size).toBeLessThan(1.3 * megabyte)
  expect(await near.get('k5999')).toBeDefined()
  expect(rows(path, 'entries')).toBeGreaterThan(1_000)
})

test('what has expired goes before what has not', async () => {
  const { near, clock } = await connectTwo({ maxBytes: '1mb' })
  await near.put('old', 'kept')
  for (let n = 0; n < 60; n++) await near.put(`short${n}`, 'x'.repeat(10_000), 100)
  clock.jumpWall(200)
  for (let n = 0; n < 60; n++) await near.put(`long${n}`, 'x'.repeat(10_000))
  expect(await near.get('old')).toBe('kept')
})

test('eviction for space voids no lease and no intent', async () => {
  const { near, far } = await connectTwo({ maxBytes: '1mb' })
  const fence = await near.lease('loading', 60_000)
  await near.tier.coherence.begin(['writing'], 'intent', 60_000)
  for (let n = 0; n < 200; n++) await far.put(`k${n}`, 'x'.repeat(10_000))
  expect(await far.look('writing')).toBe('blocked')
  expect(await near.fill('loading', fence, 'row')).toBe('stored')
})

test('expired entries, leases, intents and tags are freed in the background', async () => {
  const { near, clock, path } = await connectTwo({ tagTtl: '2s' })
  for (let n = 0; n < 450; n++) await near.put(`k${n}`, 'row', 1_000)
  await near.lease('loading', 1_000)
  await near.tier.coherence.begin(['writing'], 'intent', 1_000)
  await near.tier.coherence.invalidate(['t'], false)
  await clock.advance(5_000)
  expect(['entries', 'intents', 'tags'].map((table) => rows(path, table))).toEqual([0, 0, 0])
})

test('what was cleared is freed in the background, and what came after it stays', async () => {
  const { near, clock, path } = await connectTwo()
  for (let n = 0; n < 450; n++) await near.put(`k${n}`, 'row')
  await near.tier.coherence.invalidate(['t'], false)
  await near.tier.clear()
  await near.put('new', 'row')
  await clock.advance(3_000)
  expect(['entries', 'tags', 'retired'].map((table) => rows(path, table))).toEqual([1, 0, 0])
  expect(await near.get('new')).toBe('row')
})

test('a tag that nothing is stored with any more is forgotten, one in use is not', async () => {
  const { near, clock } = await connectTwo({ tagTtl: '1s' })
  const { coherence } = near.tier
  const { tagClock } = await coherence.lease(['k'], 1_000, true)
  await coherence.stampTags(['idle', 'used'], tagClock)
  await clock.advance(800)
  await coherence.stampTags(['used'], tagClock)
  await clock.advance(800)
  const [idle, used] = await coherence.tags(['idle', 'used'])
  expect(idle).toBeUndefined()
  expect(used).toBeDefined()
})
