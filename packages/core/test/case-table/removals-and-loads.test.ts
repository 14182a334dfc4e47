import { describe, expect, test } from 'vitest'
import { oneNode, pair, Source } from '../rig.ts'

describe('case table: removals, sets and loads', () => {
  test('removal during a load: readers that began before get its result; it is stored nowhere; readers that come after start a new load', async () => {
    await using node = oneNode()
    const source = new Source([['k', 'old']]).hold()
    const before = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.settle()
    source.rows.set('k', 'new')
    await node.cache.delete('k')
    const after = node.cache.getOrSet('k', () => source.load('k'))
    await node.clock.settle()
    expect(source.running).toBe(2)
    source.release(1)
    expect(await before).toBe('old')
    await node.clock.settle()
    expect(await node.cache.get('k')).toBeUndefined()
    source.release()
    expect(await after).toBe('new')
    await node.cache.drain()
    expect(await node.cache.get('k')).toBe('new')
    expect(await node.cache.get('k', { skip: ['memory'] })).toBe('new')
  })

  test('set during a load: set wins', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'loaded']]).hold()
    const here = nodes.a.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    await nodes.a.set('k', 'set')
    source.release()
    expect(await here).toBe('loaded')
    await nodes.a.drain()
    expect(await nodes.a.get('k')).toBe('set')
    expect(await nodes.b.get('k')).toBe('set')
  })

  test('set during a load in another process: set wins', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'loaded']]).hold()
    const there = nodes.a.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    await nodes.b.set('k', 'set')
    source.release()
    expect(await there).toBe('loaded')
    await nodes.a.drain()
    expect(await nodes.a.get('k')).toBe('set')
    expect(await nodes.b.get('k')).toBe('set')
  })

  test.each(['static', 'value-derived'])(
    'tag invalidated mid-load: not stored, static and value-derived tags alike (%s)',
    async (kind) => {
      await using nodes = await pair()
      const source = new Source([[1, { org: 7 }]]).hold()
      const define = (cache: typeof nodes.a) =>
        cache.define({
          name: 'user',
          load: (id: number) => source.load(id),
          tags: (user) => [kind === 'static' ? 'org:7' : `org:${user.org}`],
        })
      const [a, b] = [define(nodes.a), define(nodes.b)]
      const first = a(1)
      await nodes.clock.settle()
      await nodes.b.invalidateTags('org:7')
      source.release()
      expect(await first).toEqual({ org: 7 })
      await nodes.a.drain()
      expect(await a.entry(1)).toBeUndefined()
      expect(await b.entry(1)).toBeUndefined()
    },
  )

  test('loader returns undefined: returned, not stored', async () => {
    await using node = oneNode()
    const source = new Source().hold()
    source.release()
    expect(await node.cache.getOrSet('k', () => source.load('k'))).toBeUndefined()
    expect(await node.cache.getOrSet('k', () => source.load('k'))).toBeUndefined()
    expect(source.loads).toHaveLength(2)
    expect(await node.cache.has('k')).toBe(false)
  })

  test('loader fails with 20 waiters: one load, one error, 20 rejections', async () => {
    await using node = oneNode()
    const source = new Source().hold()
    const error = new Error('the database is away')
    source.failing = error
    const readers = Array.from({ length: 20 }, () => node.cache.getOrSet('k', () => source.load('k')))
    await node.clock.settle()
    source.release()
    const results = await Promise.allSettled(readers)
    expect(results.every((r) => r.status === 'rejected' && r.reason === error)).toBe(true)
    expect(source.loads).toHaveLength(1)
  })

  test('duplicates in `many`: loaded once, answered in every position', async () => {
    await using node = oneNode()
    const source = new Source([
      [1, 'one'],
      [2, 'two'],
    ])
    const row = node.cache.define({ name: 'row', load: (id: number) => source.load(id) })
    expect(await row.many([1, 2, 1, 1, 2])).toEqual(['one', 'two', 'one', 'one', 'two'])
    expect(source.loads).toEqual([1, 2])
  })
})
