import { expect, test } from 'vitest'
import { admin } from '../src/admin.ts'
import type { AdminOptions } from '../src/admin.ts'
import { rememberRemovals } from '../src/removal-memory.ts'
import { node } from './rig.ts'

const token = 'a token of thirty-two characters'

function explained(options: Partial<AdminOptions> = {}) {
  const own = node()
  const row = own.cache.define({ name: 'row', load: (id: number) => id, tags: (_row, id) => [`row:${id}`] })
  const { fetch } = admin(own.cache, { token, ...options })
  const explain = async (query: string): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(new Request(`http://inner/explain?${query}`, { headers }))
    return (await response.json()) as Record<string, unknown>
  }
  return { ...own, row, explain }
}

test('explain tells who removed an entry, when, and by which name', async () => {
  await using own = explained()
  await own.row(1)
  await own.cache.drain()
  expect(await own.explain('definition=row&input=1')).not.toHaveProperty('removed')
  const before = Date.now()
  await own.cache.invalidateTags('row:1')
  const { removed } = await own.explain('definition=row&input=1')
  expect(removed).toEqual({
    at: expect.any(Number) as number,
    origin: 'local',
    by: 'tag',
    tag: 'row:1',
    soft: false,
  })
  expect((removed as { at: number }).at).toBeGreaterThanOrEqual(before)
  expect(await own.explain('definition=row&input=2')).not.toHaveProperty('removed')
})

test('the last removal is told, also of an entry that was loaded anew', async () => {
  await using own = explained()
  await own.row(1)
  await own.row.delete(1)
  await own.row(1)
  await own.cache.drain()
  expect(await own.explain('definition=row&input=1')).toMatchObject({
    removed: { by: 'key', origin: 'local' },
  })
})

test('a removal of more than the entry concerns it too', async () => {
  await using own = explained()
  await own.row(1)
  await own.cache.drain()
  await own.row.clear()
  expect(await own.explain('definition=row&input=1')).toMatchObject({ removed: { by: 'definition' } })
  await own.cache.clear()
  expect(await own.explain('definition=row&input=1')).toMatchObject({ removed: { by: 'all' } })
})

test('a change in the database says so', async () => {
  await using own = explained()
  const key = own.row.keyFor(1)
  await own.cache.changed({ kind: 'keys', keys: [key], soft: true })
  expect(await own.explain('definition=row&input=1')).toMatchObject({
    removed: { origin: 'db', by: 'key', soft: true },
  })
})

test('with `hideKeys` the tag is not told', async () => {
  await using own = explained({ hideKeys: true })
  await own.row(1)
  await own.cache.drain()
  await own.cache.invalidateTags('row:1')
  const { removed } = await own.explain('definition=row&input=1')
  expect(removed).toMatchObject({ by: 'tag' })
  expect(removed).not.toHaveProperty('tag')
})

test('memory is bounded: the oldest names go, and a bulk removal pushes out few', async () => {
  await using own = node()
  const removals = rememberRemovals(own.cache)
  await own.cache.delete('first')
  await own.cache.delete(...Array.from({ length: 20_000 }, (_, i) => `bulk ${i}`))
  expect(removals.last('=first', [])).toMatchObject({ by: 'key' })
  for (let i = 0; i < 5_000; i++) await own.cache.invalidateTags(`t${i}`)
  expect(removals.last('=first', [])).toBeUndefined()
  expect(removals.last('', ['t4999'])).toMatchObject({ by: 'tag', tag: 't4999' })
})
