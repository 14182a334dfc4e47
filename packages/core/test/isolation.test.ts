import { describe, expect, test } from 'vitest'
import type { LoadContext } from '../src/index.ts'
import { memoryNode, oneNode, pair, Source } from './rig.ts'

describe('values are isolated', () => {
  test('freeze, the default: plain data is frozen deeply, once, for every reader', async () => {
    await using node = memoryNode()
    const loaded = { a: { b: [1, { c: 2 }] } }
    const first = await node.cache.getOrSet('k', () => loaded)
    expect(Object.isFrozen(first.a.b[1])).toBe(true)
    expect(() => {
      first.a.b.push(3)
    }).toThrow(TypeError)
    expect(await node.cache.get('k')).toBe(first)
  })

  test.each([
    ['Map', () => new Map([[1, { n: 1 }]]), (m: Map<number, { n: number }>) => m.clear()],
    ['Set', () => new Set([1]), (s: Set<number>) => s.clear()],
    ['Date', () => new Date(0), (d: Date) => d.setTime(1)],
    ['bytes', () => Uint8Array.of(1, 2), (b: Uint8Array) => b.fill(0)],
    ['Map in an object', () => ({ m: new Map([[1, 1]]) }), (o: { m: Map<number, number> }) => o.m.clear()],
  ])('what can not be frozen is copied for each reader (%s)', async (_, make, spoil) => {
    await using node = memoryNode()
    const cached = node.cache.define({ name: 'v', load: () => make() as object })
    const both = await Promise.all([cached(1), cached(1)])
    for (const value of both) (spoil as (v: object) => void)(value)
    for (const value of [await cached(1), cached.peek(1), (await cached.entry(1))?.value]) {
      expect(value).toEqual(make())
      ;(spoil as (v: object) => void)(value as object)
    }
    expect(await cached(1)).toEqual(make())
  })

  test('clone: each reader has a copy of its own, and the loader keeps its object', async () => {
    await using node = memoryNode({ isolation: 'clone' })
    const loaded = { list: [1] }
    const first = await node.cache.getOrSet('k', () => loaded)
    first.list.push(2)
    loaded.list.push(3)
    expect(await node.cache.get('k')).toEqual({ list: [1] })
    expect(Object.isFrozen(loaded)).toBe(false)
  })

  test('reference: readers share the very object', async () => {
    await using node = memoryNode({ isolation: 'reference' })
    const loaded = { list: [1] }
    expect(await node.cache.getOrSet('k', () => loaded)).toBe(loaded)
    expect(await node.cache.get('k')).toBe(loaded)
    expect(Object.isFrozen(loaded)).toBe(false)
  })

  test('a value that is not stored is still not shared between the readers of one load', async () => {
    await using node = memoryNode()
    const source = new Source([['k', new Map([[1, 1]])]]).hold()
    const readers = [1, 2].map(() =>
      node.cache.getOrSet('k', (ctx) => {
        ctx.skip()
        return source.load('k')
      }),
    )
    await node.clock.settle()
    source.release()
    const [one, two] = await Promise.all(readers)
    one?.clear()
    expect(two?.size).toBe(1)
  })

  test('a stale value from a remote tier is not shared between its readers', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 10_000 })
    await node.cache.set('k', { m: new Map([[1, 1]]), list: [1] })
    node.near.clear()
    await node.clock.advance(2_000)
    const source = new Source().hold()
    const readers = [1, 2].map(() => node.cache.getOrSet('k', () => source.load('k')))
    const [one, two] = (await Promise.all(readers)) as { m: Map<number, number>; list: number[] }[]
    one?.m.clear()
    expect(two).toEqual({ m: new Map([[1, 1]]), list: [1] })
    source.release()
  })

  test('the stale value that a loader is shown is a copy where readers get copies', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 10_000 })
    await node.cache.set('k', new Map([[1, 1]]))
    await node.clock.advance(1_000)
    const load = (ctx: LoadContext) => {
      const shown = ctx.stale?.value
      if (shown instanceof Map) shown.clear()
      throw new Error('away')
    }
    expect(await node.cache.getOrSet('k', load)).toEqual(new Map([[1, 1]]))
  })

  test('a value found in a remote tier is frozen like a loaded one', async () => {
    await using nodes = await pair()
    await nodes.a.set('k', { list: [1] })
    const value = (await nodes.b.get('k')) as { list: number[] }
    expect(Object.isFrozen(value.list)).toBe(true)
  })

  test('a value nested very deeply is no trouble for its reader', async () => {
    await using node = memoryNode()
    let deep: unknown = 'bottom'
    for (let i = 0; i < 50_000; i++) deep = [deep]
    expect(await node.cache.getOrSet('k', () => deep)).toBe(deep)
  })
})
