import { fakeClock } from '@tierstack/cache-testing'
import { expect, test } from 'vitest'
import { connect, connectTwo, newPath, open } from './rig.ts'

test('a lease is given once, and the fill wakes who waits in the other process and in this one', async () => {
  const { near, far, clock } = await connectTwo()
  const fence = await near.lease('k')
  expect(await far.look('k')).toBe('busy')
  expect(await near.look('k')).toBe('busy')
  expect(await near.fill('k', fence, 'row')).toBe('stored')
  await clock.advance(20)
  expect([near.filled, far.filled]).toEqual([['k'], ['k']])
  expect(await far.get('k')).toBe('row')
})

test('a stale frame is claimed by one process, and the others learn that it was filled', async () => {
  const { near, far, clock } = await connectTwo()
  await near.put('k', 'old')
  const [frame] = await near.tier.read(['k'])
  const item = { key: 'k', stamp: frame?.stamp ?? '' }
  const [fence] = await near.tier.coherence.claim([item], 1_000)
  expect(await far.tier.coherence.claim([item], 1_000)).toEqual([undefined])
  expect(await near.fill('k', fence ?? '', 'new')).toBe('stored')
  await clock.advance(20)
  expect(far.filled).toEqual(['k'])
})

test('a load that began before a removal in another process does not store its result', async () => {
  const { near, far } = await connectTwo()
  const fence = await near.lease('k')
  await far.tier.delete(['k'])
  expect(await near.fill('k', fence, 'old row')).toBe('fenced')
  expect(await near.get('k')).toBeUndefined()
})

test('a removal reaches the other process within one poll, and is not told to who made it', async () => {
  const { near, far, clock } = await connectTwo()
  await far.tier.delete(['k'])
  expect(near.removals).toEqual([])
  await clock.advance(20)
  expect(near.removals).toEqual([{ kind: 'keys', keys: ['k'], soft: false }])
  expect(far.removals).toEqual([])
})

test('local entries count for half a second after the last look at the file', async () => {
  const { near, clock } = await connectTwo()
  expect(near.bus.live).toBe(clock.now() + 500)
  await clock.advance(20)
  expect(near.bus.live).toBe(clock.now() + 500)
})

test('a lease that was not renewed delays others by no more than its life', async () => {
  const { near, far, clock } = await connectTwo()
  const fence = await near.lease('k', 100)
  await clock.advance(99)
  expect(await far.look('k')).toBe('busy')
  await clock.advance(1)
  expect(await far.look('k')).toBe('leased')
  expect(await near.fill('k', fence, 'late')).toBe('fenced')
})

test('clear reaches everything of the namespace, running loads included, and nothing else', async () => {
  const { near, far, clock, path } = await connectTwo()
  const other = await connect({ path, clock, namespace: 'other' })
  await near.put('k', 'row')
  await other.put('k', 'kept')
  const fence = await near.lease('loading')
  const { tagClock } = await near.tier.coherence.lease(['tagged'], 1_000, true)
  await far.tier.clear()
  expect(await near.get('k')).toBeUndefined()
  expect(await near.fill('loading', fence, 'row')).toBe('fenced')
  expect(await near.tier.coherence.stampTags(['t'], tagClock)).toEqual([undefined])
  expect(await other.get('k')).toBe('kept')
  await clock.advance(20)
  expect(near.removals.at(-1)).toEqual({ kind: 'all' })
  expect(other.removals).toEqual([])
})

test('a frame over maxValueBytes is not taken, and its key stays as it was', async () => {
  const { near } = await connectTwo({ maxBytes: '1mb', maxValueBytes: '1kb' })
  const fence = await near.lease('k')
  expect(await near.fill('k', fence, new Uint8Array(1025))).toBe('too-large')
  expect(await near.fill('k', fence, new Uint8Array(1024))).toBe('stored')
})

test('an empty frame is a hit, and an empty key is a key', async () => {
  const { near, far } = await connectTwo()
  await near.put('', '')
  expect(await far.get('')).toBe('')
  expect(await far.look('')).toBe('hit')
})

test('without a file, the tier serves this process, and its bus has nothing to lose', async () => {
  const alone = await connect({ path: ':memory:' })
  expect(alone.tier.capabilities.shared).toBe('process')
  expect(alone.bus.live).toBe(Infinity)
  const fence = await alone.lease('k')
  expect(await alone.look('k')).toBe('busy')
  await alone.fill('k', fence, 'row')
  expect(await alone.get('k')).toBe('row')
  expect(alone.filled).toEqual(['k'])
})

test('the file survives the processes: the next one finds the entries and the same history', async () => {
  const path = newPath()
  const clock = fakeClock()
  const first = await connect({ path, clock })
  await first.put('k', 'row')
  await first.tier.close()
  const second = await connect({ path, clock })
  expect(second.history).toBe(first.history)
  expect(await second.get('k')).toBe('row')
})

test('verbs reject before the store was greeted and after the tier was closed', async () => {
  const tier = open({ path: newPath() })
  await expect(tier.get('k')).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
  await tier.tier.hello()
  await tier.tier.close()
  await tier.tier.close()
  await expect(tier.get('k')).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(tier.tier.hello()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a tier that already serves a cache refuses another one', async () => {
  const { tier } = await connect({ path: ':memory:' })
  const host = { namespace: 'b', clock: fakeClock(), lost: () => undefined, warn: () => undefined }
  expect(() => tier.open(host)).toThrow(
    'Expected the tier `sqlite` to serve one cache, it serves one already',
  )
})
