import { expect, test } from 'vitest'
import { chaosTier, fakeClock, processStore, tierContract } from '../src/index.ts'
import type { ChaosPlan } from '../src/index.ts'

const bytes = new TextEncoder().encode('a frame')
const items = [{ key: 'k', bytes, expiresAt: Infinity }]

async function wrapped(plan: ChaosPlan = {}) {
  const clock = fakeClock()
  const store = processStore({ clock })
  const tier = chaosTier(store.tier(), {})
  tier.open({ namespace: 'test', clock, lost: () => undefined, warn: () => undefined })
  await tier.hello()
  await tier.write(items)
  store.calls.length = 0
  tier.plan = plan
  return { tier, store, clock }
}

const clock = fakeClock()
const store = processStore({ clock })
tierContract(() => chaosTier(store.tier()), { test, clock, wait: (ms) => clock.advance(ms), schedules: 5 })

test('a dropped request is not done and rejects; one whose answer is lost is done and rejects', async () => {
  const { tier, store } = await wrapped({ delete: 'drop', clear: 'lose' })
  await expect(tier.delete(['k'])).rejects.toThrow('lost on its way')
  expect(store.transcript('node1')).toEqual([])
  await expect(tier.clear()).rejects.toThrow('its answer was lost')
  expect(store.transcript('node1')).toEqual(['clear'])
})

test('a lie claims success without doing anything', async () => {
  const { tier, store } = await wrapped(() => 'lie')
  await tier.delete(['k'])
  expect(await tier.write(items)).toEqual(['stored'])
  expect(await tier.read(['k'])).toEqual([undefined])
  const { reads } = (await tier.coherence?.lease(['k'], 10, true)) ?? { reads: [] }
  expect(reads[0]?.state).toBe('leased')
  expect(store.calls).toEqual([])
})

test('corruption changes the bytes on their way in or out, never the length', async () => {
  const { tier } = await wrapped({ read: 'corrupt' })
  const [frame] = await tier.read(['k'])
  expect(frame?.bytes).toHaveLength(bytes.length)
  expect(frame?.bytes).not.toEqual(bytes)
  tier.plan = {}
  expect((await tier.read(['k']))[0]?.bytes).toEqual(bytes)
  tier.plan = { write: 'corrupt' }
  await tier.write(items)
  tier.plan = {}
  expect((await tier.read(['k']))[0]?.bytes).not.toEqual(bytes)
})

test('a request that hangs goes on when resumed', async () => {
  const { tier, store } = await wrapped({ read: 'hang' })
  const reading = tier.read(['k'])
  await Promise.resolve()
  expect([tier.hanging, store.calls.length]).toEqual([1, 0])
  tier.resume()
  expect((await reading)[0]?.bytes).toEqual(bytes)
  expect(tier.hanging).toBe(0)
})

test('a request is delayed before it is done, an answer after', async () => {
  const { tier, store, clock } = await wrapped({ read: { delay: 10 }, delete: { delayAnswer: 10 } })
  const reading = tier.read(['k'])
  const deleting = tier.delete(['k'])
  await clock.settle()
  expect(store.transcript('node1')).toEqual(['delete k'])
  await clock.advance(10)
  await deleting
  expect(await reading).toEqual([undefined])
})

test('a plan may decide by the names of each request', async () => {
  const { tier } = await wrapped((verb, names) =>
    verb === 'read' && names.includes('bad') ? 'drop' : undefined,
  )
  await expect(tier.read(['k', 'bad'])).rejects.toThrow('lost on its way')
  expect((await tier.read(['k']))[0]?.bytes).toEqual(bytes)
})
