import { describe, expect, test } from 'vitest'
import { finish, oneNode, Source } from './rig.ts'
import type { OneNode } from './rig.ts'

const ids = Array.from({ length: 200 }, (_, id) => id)
const rowOf = (id: number) => ({ id, name: `row ${id}` })

/** A store that has the first `count` rows, memory that has none, and a process that has met hits lately. */
async function warmed(node: OneNode, count: number) {
  const source = new Source(ids.map((id) => [id, rowOf(id)] as const))
  const row = node.cache.define({ name: 'row', load: source.load, swr: 1_000, ttl: 60_000 })
  const stored = ids.slice(0, count)
  await finish(node.clock, row.many(stored))
  await finish(node.clock, node.cache.drain())
  for (let round = 0; round < 3; round++) {
    node.near.clear()
    await finish(node.clock, row.many(stored))
  }
  node.near.clear()
  source.loads.length = 0
  return { source, row }
}

describe('many reads of what is mostly there', () => {
  test('bring hits from the store, load what is missing once however often it is asked for, and fill memory', async () => {
    await using node = oneNode()
    const { source, row } = await warmed(node, 190)
    const asked = [...ids, 195, 3]
    expect(await finish(node.clock, row.many(asked))).toEqual(asked.map(rowOf))
    expect(source.loads).toHaveLength(10)
    expect(new Set(source.loads)).toEqual(new Set(ids.slice(190)))
    expect(ids.map((id) => row.peek(id))).toEqual(ids.map(rowOf))
    expect(Object.isFrozen(row.peek(3))).toBe(true)
  })

  test('leave no lease where all are hits', async () => {
    await using node = oneNode()
    const { row } = await warmed(node, 200)
    node.tier.plan = { lease: 'hang' }
    expect(await finish(node.clock, row.many(ids))).toEqual(ids.map(rowOf))
    expect(node.tier.hanging).toBe(0)
  })

  test('put nothing into memory that was removed while they looked', async () => {
    await using node = oneNode()
    const { source, row } = await warmed(node, 200)
    node.tier.plan = { read: 'hang' }
    const reading = row.many(ids)
    await node.clock.advance(0)
    source.rows.set(7, { id: 7, name: 'changed' })
    await finish(node.clock, row.delete(7))
    node.tier.plan = {}
    node.tier.resume()
    await finish(node.clock, reading)
    expect(row.peek(7)?.name).not.toBe('row 7')
    expect(await finish(node.clock, row(7))).toEqual({ id: 7, name: 'changed' })
    expect(row.peek(8)).toEqual(rowOf(8))
  })

  test('give who comes after a removal no value that was looked for before it, though a load goes on from there', async () => {
    await using node = oneNode()
    const { source, row } = await warmed(node, 199)
    source.hold()
    node.tier.plan = { read: 'hang' }
    const reading = row.many(ids)
    await node.clock.advance(0)
    node.tier.plan = {}
    node.tier.resume()
    await node.clock.advance(0)
    await node.clock.advance(10)
    expect(source.loads).toEqual([199])
    source.rows.set(199, { id: 199, name: 'changed' })
    await finish(node.clock, row.delete(199))
    source.release()
    const after = await finish(node.clock, row(199))
    await finish(node.clock, reading)
    expect(after.name).toBe('changed')
    expect(row.peek(199)?.name).toBe('changed')
  })

  test('wait for a load that is under way instead of beginning another', async () => {
    await using node = oneNode()
    const { source, row } = await warmed(node, 199)
    source.hold()
    const single = row(199)
    await node.clock.advance(10)
    const reading = row.many(ids)
    await node.clock.advance(10)
    source.release()
    expect(await finish(node.clock, single)).toEqual(rowOf(199))
    expect((await finish(node.clock, reading))[199]).toEqual(rowOf(199))
    expect(source.loads).toEqual([199])
  })

  test('serve stale entries within swr, and load them behind', async () => {
    await using node = oneNode()
    const { source, row } = await warmed(node, 200)
    await node.clock.advance(60_001)
    node.near.clear()
    expect(await finish(node.clock, row.many(ids))).toEqual(ids.map(rowOf))
    await finish(node.clock, node.cache.drain())
    expect(new Set(source.loads)).toEqual(new Set(ids))
    expect(source.loads).toHaveLength(200)
  })

  test('load everything when the store cannot be asked', async () => {
    await using node = oneNode()
    const { source, row } = await warmed(node, 200)
    node.tier.plan = { read: 'drop', lease: 'drop' }
    expect(await finish(node.clock, row.many(ids))).toEqual(ids.map(rowOf))
    expect(source.loads).toHaveLength(200)
  })

  test('load what cannot be read, and report it once', async () => {
    await using node = oneNode()
    const { source, row } = await warmed(node, 200)
    node.tier.plan = { read: 'corrupt' }
    expect(await finish(node.clock, row.many(ids))).toEqual(ids.map(rowOf))
    expect(source.loads.length).toBeLessThanOrEqual(200)
    expect(node.cache.stats().definitions['row']?.tiers['store']?.poisoned).toBe(200)
  })

  test('are counted as the single reads would be', async () => {
    await using node = oneNode()
    const { row } = await warmed(node, 200)
    const before = node.cache.stats()
    await finish(node.clock, row.many(ids))
    const after = node.cache.stats()
    const of = (stats: typeof before) => stats.definitions['row']?.tiers
    expect((of(after)?.['store']?.hits ?? 0) - (of(before)?.['store']?.hits ?? 0)).toBe(200)
    expect((of(after)?.['memory']?.backfills ?? 0) - (of(before)?.['memory']?.backfills ?? 0)).toBe(200)
  })
})
