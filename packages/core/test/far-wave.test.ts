import { expect, test } from 'vitest'
import { finish, oneNode } from './rig.ts'

test('a call for many keys asks for few batches at once, so that none waits for this process past its time limit', async () => {
  await using node = oneNode()
  const row = node.cache.define({ name: 'row', load: (id: number) => ({ id }) })
  const ids = Array.from({ length: 5_000 }, (_, id) => id)
  node.tier.plan = { lease: 'hang' }
  const reading = row.many(ids)
  await node.clock.advance(0)
  expect(node.tier.hanging).toBe(16)
  node.tier.plan = {}
  node.tier.resume()
  expect(await finish(node.clock, reading)).toEqual(ids.map((id) => ({ id })))
})
