import { describe, expect, test } from 'vitest'
import type { LoadContext, Reason } from '../src/index.ts'
import { memoryNode, oneNode, pair } from './rig.ts'

describe('loader context', () => {
  test('ttl: the life of this value', async () => {
    await using node = oneNode({ ttl: 60_000 })
    await node.cache.getOrSet('k', (ctx) => {
      ctx.ttl('1s')
      return 'v'
    })
    await node.cache.drain()
    await node.clock.advance(999)
    expect(await node.cache.getMany(['k'])).toEqual(['v'])
    await node.clock.advance(1)
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('ttl: where each tier has its own it can only shorten them', async () => {
    await using node = oneNode({ ttl: { memory: 1_000, store: 60_000 } })
    await node.cache.getOrSet('k', (ctx) => {
      ctx.ttl(10_000)
      return 'v'
    })
    await node.cache.drain()
    await node.clock.advance(1_000)
    expect(node.cache.peek('k')).toBeUndefined()
    expect(await node.cache.get('k')).toBe('v')
    await node.clock.advance(9_000)
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('ttl: 0 returns the value and stores nothing', async () => {
    await using node = oneNode()
    await node.cache.getOrSet('k', (ctx) => {
      ctx.ttl(0)
      return 'v'
    })
    await node.cache.drain()
    expect(await node.cache.has('k')).toBe(false)
  })

  test('a wrong ttl is the error of the load', async () => {
    await using node = memoryNode()
    const read = node.cache.getOrSet('k', (ctx) => ctx.ttl(-1))
    await expect(read).rejects.toThrow('Expected `ttl` to be milliseconds or a number with a unit')
  })

  test('tag: added to those of the definition', async () => {
    await using nodes = await pair()
    const cached = nodes.a.define({
      name: 'd',
      tags: () => ['static'],
      load: (id: number, ctx) => {
        ctx.tag(`row:${id}`, 'table')
        return id
      },
    })
    await cached(1)
    expect((await cached.entry(1))?.tags).toEqual(['static', 'row:1', 'table'])
    await nodes.b.invalidateTags('row:1')
    expect(cached.peek(1)).toBeUndefined()
  })

  test('etag and notModified: the entry lives on with a new life', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 0, staleIfError: 60_000 })
    const seen: unknown[] = []
    const read = () =>
      node.cache.getOrSet('k', (ctx) => {
        seen.push(ctx.stale && { ...ctx.stale })
        if (ctx.stale?.etag === 'e1') return ctx.notModified()
        ctx.etag('e1')
        return 'v1'
      })
    await read()
    for (let i = 0; i < 3; i++) {
      await node.clock.advance(1_500)
      expect(await read()).toBe('v1')
      await node.clock.advance(900)
      expect(node.cache.peek('k')).toBe('v1')
    }
    expect(seen).toEqual([
      undefined,
      { value: 'v1', age: 1_500, etag: 'e1' },
      { value: 'v1', age: 2_400, etag: 'e1' },
      { value: 'v1', age: 2_400, etag: 'e1' },
    ])
  })

  test('etag is known to another process that finds the stale frame', async () => {
    await using nodes = await pair({ ttl: 1_000, staleIfError: 60_000 })
    await nodes.a.getOrSet('k', (ctx) => {
      ctx.etag('"\uFEFFe1"')
      return 'v1'
    })
    await nodes.a.drain()
    await nodes.clock.advance(2_000)
    let etag: string | undefined
    await nodes.b.getOrSet('k', (ctx) => {
      etag = ctx.stale?.etag
      return 'v2'
    })
    expect(etag).toBe('"\uFEFFe1"')
  })

  test('notModified without a stale value is an error', async () => {
    await using node = memoryNode()
    await expect(node.cache.getOrSet('k', (ctx) => ctx.notModified())).rejects.toThrow(
      'Expected a stale value to keep, `notModified()` was called without one',
    )
  })

  test('notModified after a removal does not bring the removed value back', async () => {
    await using node = oneNode({ ttl: 1_000, staleIfError: 60_000 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(1_500)
    const gate = Promise.withResolvers<void>()
    const read = node.cache.getOrSet('k', async (ctx) => {
      await gate.promise
      return ctx.notModified()
    })
    await node.clock.settle()
    await node.cache.delete('k')
    gate.resolve()
    await read
    await node.cache.drain()
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('skip: returned, stored nowhere', async () => {
    await using node = oneNode()
    const load = (ctx: LoadContext) => {
      ctx.skip()
      return 'v'
    }
    expect(await node.cache.getOrSet('k', load)).toBe('v')
    await node.cache.drain()
    expect(await node.cache.has('k')).toBe(false)
  })

  test('fail: as if the source had failed', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 60_000 })
    const error = new Error('half a row')
    await expect(node.cache.getOrSet('k', (ctx) => ctx.fail(error))).rejects.toBe(error)
    await expect(node.cache.getOrSet('l', (ctx) => ctx.fail())).rejects.toThrow('the loader of `=l` gave up')
    await node.cache.set('m', 'v1')
    await node.clock.advance(1_500)
    expect(await node.cache.getOrSet('m', (ctx) => ctx.fail())).toBe('v1')
  })

  test('reason tells why', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 500, refreshAhead: 0.5 })
    const reasons: Reason[] = []
    const cached = node.cache.define({
      name: 'd',
      load: (_id: number, ctx) => reasons.push(ctx.reason),
    })
    await cached(1)
    await node.clock.advance(600)
    await cached(1)
    await node.cache.drain()
    await node.clock.advance(1_100)
    await cached(1)
    await node.cache.drain()
    await node.clock.advance(2_000)
    await cached(1)
    await cached.expire(1)
    await cached(1, { maxStale: 0 })
    await cached.refresh(1)
    await cached.warm([2])
    expect(reasons).toEqual(['miss', 'ahead', 'swr', 'miss', 'invalidated', 'forced', 'warm'])
  })

  test('its functions may be taken out of it', async () => {
    await using node = memoryNode()
    await node.cache.getOrSet('k', ({ skip, tag, ttl, etag }) => {
      ttl(10)
      tag('t')
      etag('e')
      skip()
      return 1
    })
    expect(node.cache.peek('k')).toBeUndefined()
  })

  test('what a loader throws reaches the caller as it is, whatever it is', async () => {
    await using node = memoryNode({ errorTtl: 0 })
    for (const odd of [undefined, null, 0, 'text', { code: 'X' }]) {
      const results = await Promise.allSettled([
        node.cache.getOrSet('k', () => Promise.reject(odd as unknown as Error)),
        node.cache.getOrSet('k', () => Promise.reject(odd as unknown as Error)),
      ])
      expect(results).toEqual([
        { status: 'rejected', reason: odd },
        { status: 'rejected', reason: odd },
      ])
    }
  })

  test('a loader that throws instead of rejecting is the same', async () => {
    await using node = memoryNode()
    const error = new Error('sync')
    await expect(
      node.cache.getOrSet('k', () => {
        throw error
      }),
    ).rejects.toBe(error)
  })
})
