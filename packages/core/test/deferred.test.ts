import { describe, expect, test } from 'vitest'
import { memoryNode, oneNode, pair, Source } from './rig.ts'

describe('deferred: removals wait for the commit', () => {
  test('removals are applied after the work, dropped when it throws', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'old')
    await expect(
      node.cache.deferred(async () => {
        await node.cache.delete('k')
        throw new Error('rollback')
      }),
    ).rejects.toThrow('rollback')
    expect(await node.cache.get('k')).toBe('old')
    const receipt = await node.cache.deferred(async () => {
      const early = await node.cache.delete('k')
      expect(node.cache.stats().definitions['']?.misses).toBe(0)
      return early
    })
    expect(receipt).toEqual({ confirmed: [], queued: ['memory', 'store'], durable: [], bus: 'queued' })
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('a read between write and commit, from outside, is not kept past the commit', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'old']])
    const read = (cache: typeof nodes.a) => cache.getOrSet('k', () => source.load('k'))
    await nodes.a.deferred(async () => {
      await nodes.a.delete('k')
      expect(await read(nodes.b)).toBe('old')
      source.rows.set('k', 'new')
    })
    expect(await read(nodes.a)).toBe('new')
    expect(await read(nodes.b)).toBe('new')
  })

  test('reads inside bypass the cache: nothing is stored, nothing stored is seen', async () => {
    await using node = memoryNode()
    const row = node.cache.define({ name: 'row', load: (id: number) => `uncommitted ${id}` })
    await row.set(1, 'cached')
    await node.cache.deferred(async () => {
      expect(await row(1)).toBe('uncommitted 1')
      expect(row.peek(1)).toBeUndefined()
      expect(await node.cache.get('k')).toBeUndefined()
      expect(await row.many([1, 2])).toEqual(['uncommitted 1', 'uncommitted 2'])
    })
    expect(await row(1)).toBe('cached')
    expect(row.peek(2)).toBeUndefined()
  })

  test('a `loadMany` of a transaction never gathers with reads from outside of it', async () => {
    await using node = memoryNode()
    const batches: (readonly number[])[] = []
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: async (ids) => {
        batches.push(ids)
        return [...ids]
      },
    })
    const outside = row.many([1, 2])
    const inside = node.cache.deferred(() => row.many([3, 4]))
    await Promise.all([outside, inside])
    expect(batches.map((ids) => [...ids].toSorted((a, b) => a - b))).toEqual(expect.arrayContaining([[1, 2]]))
    expect(batches.every((ids) => ids.every((id) => id < 3) || ids.every((id) => id >= 3))).toBe(true)
  })

  test('a removal by work that outlives its transaction is applied, not lost', async () => {
    await using node = memoryNode()
    await node.cache.set('k', 'old')
    let late: Promise<unknown> | undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    await node.cache.deferred(() => {
      late = promise.then(() => node.cache.delete('k'))
    })
    resolve()
    await late
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('a `set` inside is not seen by anybody before the commit, and not at all after a rollback', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'old')
    await node.cache
      .deferred(async () => {
        await node.cache.set('k', 'uncommitted')
        throw new Error('rollback')
      })
      .catch(() => {})
    expect(await node.cache.get('k')).toBe('old')
    await node.cache.deferred(() => node.cache.set('k', 'committed'))
    expect(['committed', undefined]).toContain(await node.cache.get('k'))
  })

  test('a transaction within another joins it', async () => {
    await using node = memoryNode()
    await node.cache.set('k', 'old')
    await node.cache
      .deferred(async () => {
        await node.cache.deferred(() => node.cache.delete('k'))
        throw new Error('rollback')
      })
      .catch(() => {})
    expect(await node.cache.get('k')).toBe('old')
  })

  test('tags, patterns, clear and soft removals wait as well', async () => {
    await using node = memoryNode({ swr: 1_000 })
    await node.cache.set('u:1:a', 1)
    await node.cache.set('t', 2, { tags: ['tag'] })
    await node.cache.set('s', 3)
    await node.cache.deferred(async () => {
      await node.cache.deletePattern('u:1:*')
      await node.cache.invalidateTags('tag')
      await node.cache.expire('s')
    })
    expect(await node.cache.getMany(['u:1:a', 't', 's'])).toEqual([undefined, undefined, 3])
    expect((await node.cache.explain('s')).steps[0]?.outcome).toBe('stale')
    await node.cache.deferred(() => node.cache.clear())
    expect(await node.cache.has('s')).toBe(false)
  })
})
