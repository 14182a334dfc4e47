import { expect, test } from 'vitest'
import type { EventMap } from '../src/index.ts'
import { oneNode } from './rig.ts'

const tick = () =>
  new Promise<void>((resolve) => {
    process.nextTick(resolve)
  })

async function readers() {
  const node = oneNode()
  const row = node.cache.define({ name: 'row', load: (id: number) => ({ id }) })
  await node.clock.settle()
  await row(0)
  await node.cache.drain()
  node.tier.plan = { lease: 'hang' }
  return { node, row }
}

test('where reads come one at a time, one leaves before the turn of the event loop ends', async () => {
  const { node, row } = await readers()
  await using _ = node
  const reading = row(1)
  await tick()
  expect(node.tier.hanging).toBe(1)
  node.tier.plan = {}
  node.tier.resume()
  expect(await reading).toEqual({ id: 1 })
})

test('reads of one tick leave together, also after one that came alone', async () => {
  const { node, row } = await readers()
  await using _ = node
  const calls: EventMap['call'][] = []
  node.cache.on('call', (call) => calls.push(call))
  const reading = Promise.all([row(1), row(2), row(3)])
  await tick()
  node.tier.plan = {}
  node.tier.resume()
  await reading
  expect(calls.filter(({ verb }) => verb === 'lease').map(({ items }) => items)).toEqual([3])
})
