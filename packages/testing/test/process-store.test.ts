import type { RemoteTier } from '@tierstack/cache-core'
import { expect, test } from 'vitest'
import { fakeClock, processStore } from '../src/index.ts'

const encoder = new TextEncoder()
const clock = fakeClock()

function open<N extends string>(tier: RemoteTier<N>, namespace = 'test') {
  const lost: unknown[] = []
  tier.open({ namespace, clock, lost: (error) => lost.push(error), warn: () => undefined })
  return { tier, lost, coherence: tier.coherence as NonNullable<typeof tier.coherence> }
}

async function put({ coherence }: ReturnType<typeof open>, key: string, text: string) {
  const [fence] = await coherence.take([key], 1_000)
  const item = { key, bytes: encoder.encode(text), expiresAt: Infinity, fence: fence as string }
  const items = [item]
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not the fill of arrays
  expect(await coherence.fill(items)).toEqual(['stored'])
}

async function get({ tier }: ReturnType<typeof open>, key: string) {
  const [frame] = await tier.read([key])
  return frame && new TextDecoder().decode(frame.bytes)
}

test('every request is on record, with its node and its names', async () => {
  const store = processStore({ clock })
  const [one, two] = [open(store.tier()), open(store.tier({ node: 'far' }))]
  await one.tier.hello()
  await two.tier.hello()
  await one.tier.read(['a', 'b'])
  await two.tier.delete(['a'])
  expect(store.transcript()).toEqual(['node1 hello', 'far hello', 'node1 read a b', 'far delete a'])
  expect(store.transcript('far')).toEqual(['hello', 'delete a'])
  expect(store.calls).toHaveLength(4)
})

test('a store that is down rejects, tells its connections, and comes back with the same history', async () => {
  const store = processStore({ clock })
  const [a, b] = [open(store.tier()), open(store.tier())]
  const history = await a.tier.hello()
  await b.tier.hello()
  await put(a, 'k', 'kept')
  store.down()
  expect([a.lost.length, b.lost.length]).toEqual([1, 1])
  await expect(a.tier.read(['k'])).rejects.toThrow('was not greeted')
  await expect(a.tier.hello()).rejects.toThrow('can not be reached')
  store.up()
  await expect(a.tier.read(['k'])).rejects.toThrow('was not greeted')
  expect(await a.tier.hello()).toBe(history)
  expect(await get(a, 'k')).toBe('kept')
})

test('one node can be cut off from the store alone', async () => {
  const store = processStore({ clock })
  const [a, b] = [open(store.tier({ node: 'a' })), open(store.tier({ node: 'b' }))]
  await a.tier.hello()
  await b.tier.hello()
  store.down('b')
  expect([a.lost.length, b.lost.length]).toEqual([0, 1])
  await put(a, 'k', 'value')
  await expect(b.tier.hello()).rejects.toThrow('can not be reached')
  store.up('b')
  await b.tier.hello()
  expect(await get(b, 'k')).toBe('value')
})

test('an answer that was under way when the connection broke does not arrive', async () => {
  const store = processStore({ clock })
  const a = open(store.tier())
  await a.tier.hello()
  const reading = a.tier.read(['k'])
  store.restart({ keep: 'nothing' })
  await expect(reading).rejects.toThrow('lost its connection')
})

for (const keep of ['nothing', 'snapshot'] as const) {
  test(`after a restart with ${keep}, what was there before is unreachable and its fences are void`, async () => {
    const store = processStore({ clock })
    const [a, b] = [open(store.tier()), open(store.tier())]
    const history = await a.tier.hello()
    await b.tier.hello()
    await put(a, 'k', 'old')
    const { reads, tagClock } = await a.coherence.lease(['loading'], 60_000, true)
    const snapshot = store.snapshot()
    await a.tier.delete(['k'])
    store.restart({ keep: keep === 'nothing' ? keep : snapshot })
    const again = await a.tier.hello()
    expect(again).not.toBe(history)
    expect(await b.tier.hello()).toBe(again)
    expect(await get(a, 'k')).toBeUndefined()
    const fence = reads[0]?.state === 'leased' ? reads[0].fence : ''
    const items = [{ key: 'loading', bytes: encoder.encode('old'), expiresAt: Infinity, fence }]
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not the fill of arrays
    expect(await a.coherence.fill(items)).toEqual(['fenced'])
    expect(await a.coherence.stampTags(['t'], tagClock)).toEqual([undefined])
  })
}

test('a snapshot does not change with the store', async () => {
  const store = processStore({ clock })
  const a = open(store.tier())
  await a.tier.hello()
  await a.coherence.lease(['k'], 60_000, false)
  const { spaces } = store.snapshot()
  await a.tier.delete(['k'])
  expect(spaces.get('test')?.lease(['k'], 1).reads).toEqual([{ state: 'busy' }])
})

test('eviction takes frames, leases and tags, and can only refuse a fill', async () => {
  const store = processStore({ clock })
  const a = open(store.tier())
  await a.tier.hello()
  const { reads, tagClock } = await a.coherence.lease(['k'], 60_000, true)
  await a.coherence.stampTags(['t'], tagClock)
  expect([store.evict('k'), store.evict('t'), store.evict('missing')]).toEqual([true, true, false])
  const fence = reads[0]?.state === 'leased' ? reads[0].fence : ''
  const items = [{ key: 'k', bytes: encoder.encode('v'), expiresAt: Infinity, fence }]
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not the fill of arrays
  expect(await a.coherence.fill(items)).toEqual(['fenced'])
  expect(await a.coherence.tags(['t'])).toEqual([undefined])
})

test('a tag whose marker was evicted after an invalidation is not stamped for a load from before', async () => {
  const store = processStore({ clock })
  const a = open(store.tier())
  await a.tier.hello()
  const { tagClock } = await a.coherence.lease(['k'], 60_000, true)
  await a.coherence.invalidate(['t'], false)
  store.evict('t')
  expect(await a.coherence.stampTags(['t'], tagClock)).toEqual([undefined])
})

test('frames live by the difference between wall clocks, not by the wall clock of the store', async () => {
  const mine = fakeClock()
  const store = processStore({ clock: mine })
  const tier = store.tier()
  const skewed = { ...mine, now: () => mine.now(), wall: () => mine.wall() - 3_600_000 }
  tier.open({ namespace: 'test', clock: skewed, lost: () => undefined, warn: () => undefined })
  await tier.hello()
  const items = [{ key: 'k', bytes: encoder.encode('v'), expiresAt: skewed.wall() + 100 }]
  await tier.write(items)
  await mine.advance(99)
  expect((await tier.read(['k']))[0]).toBeDefined()
  await mine.advance(1)
  expect((await tier.read(['k']))[0]).toBeUndefined()
})
