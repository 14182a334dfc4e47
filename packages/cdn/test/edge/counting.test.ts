import { expect, test } from 'vitest'

import { rig } from './rig.ts'

const none = { hits: 0, stale: 0, misses: 0, revalidated: 0, passed: 0, failed: 0 }

test('a request is counted by how it was answered', async () => {
  await using node = await rig()
  const { edge } = node
  node.answer(
    { headers: ['Cache-Control: max-age=60', 'ETag: "1"'] },
    { status: 304, headers: ['Cache-Control: max-age=60', 'ETag: "1"'] },
    {},
    { cut: true },
  )
  await node.get('/')
  expect(edge.stats()).toEqual({ ...none, misses: 1 })
  await node.get('/')
  expect(edge.stats()).toEqual({ ...none, misses: 1, hits: 1 })
  await node.clock.advance(61_000)
  await node.get('/')
  expect(edge.stats()).toEqual({ ...none, misses: 1, hits: 1, revalidated: 1 })
  await node.get('/', { method: 'POST' })
  expect(edge.stats()).toEqual({ ...none, misses: 1, hits: 1, revalidated: 1, passed: 1 })
  expect((await node.get('/other')).status).toBe(502)
  expect(edge.stats()).toEqual({ ...none, misses: 1, hits: 1, revalidated: 1, passed: 1, failed: 1 })
})

test('a part that the origin sends is a miss, and one that is kept a hit', async () => {
  await using node = await rig()
  node.answer({
    status: 206,
    headers: ['Cache-Control: max-age=60', 'Content-Range: bytes 0-3/10'],
    body: '0123',
  })
  const ask = { headers: { Range: 'bytes=0-3' } }
  await node.get('/', ask)
  await node.get('/', ask)
  expect(node.edge.stats()).toEqual({ ...none, misses: 1, hits: 1 })
})
