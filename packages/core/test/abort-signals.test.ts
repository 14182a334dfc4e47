import { describe, expect, test } from 'vitest'
import { finish, memoryNode, outcome, pair, Source } from './rig.ts'

describe('waiters share a load but wait privately', () => {
  test("one reader's signal ends its own wait only", async () => {
    await using node = memoryNode()
    const source = new Source([['k', 'v']]).hold()
    const leaver = new AbortController()
    const gone = node.cache.getOrSet('k', () => source.load('k'), { signal: leaver.signal })
    const stays = node.cache.getOrSet('k', () => source.load('k'), { signal: new AbortController().signal })
    await node.clock.settle()
    leaver.abort(new Error('bored'))
    await expect(gone).rejects.toThrow('bored')
    source.release()
    expect(await stays).toBe('v')
    expect(source.loads).toHaveLength(1)
  })

  test('the load is aborted when nobody waits any more', async () => {
    await using node = memoryNode()
    const [one, two] = [new AbortController(), new AbortController()]
    let seen: AbortSignal | undefined
    const source = new Source([['k', 'v']]).hold()
    const readers = [one, two].map(({ signal }) =>
      node.cache.getOrSet(
        'k',
        (ctx) => {
          seen = ctx.signal
          return source.load('k')
        },
        { signal },
      ),
    )
    await node.clock.settle()
    const settled = Promise.allSettled(readers)
    one.abort()
    await node.clock.settle()
    expect(seen?.aborted).toBe(false)
    two.abort()
    await settled
    expect(seen?.aborted).toBe(true)
    source.release()
  })

  test('a load that somebody waits for without a signal goes on whoever leaves', async () => {
    await using node = memoryNode()
    const source = new Source([['k', 'v']]).hold()
    const leaver = new AbortController()
    let seen: AbortSignal | undefined
    const load = (ctx: { signal: AbortSignal }) => {
      seen = ctx.signal
      return source.load('k')
    }
    const gone = node.cache.getOrSet('k', load, { signal: leaver.signal })
    const stays = node.cache.getOrSet('k', load)
    await node.clock.settle()
    leaver.abort()
    await expect(gone).rejects.toThrow('aborted')
    expect(seen?.aborted).toBe(false)
    source.release()
    expect(await stays).toBe('v')
  })

  test('a reader who comes after everybody left gets a load of its own, not their abort', async () => {
    await using node = memoryNode()
    const source = new Source([['k', 'v']]).hold()
    const leaver = new AbortController()
    const gone = node.cache.getOrSet(
      'k',
      async (ctx) => {
        await source.load('k')
        ctx.signal.throwIfAborted()
      },
      { signal: leaver.signal },
    )
    await node.clock.settle()
    leaver.abort()
    await expect(gone).rejects.toThrow('aborted')
    const next = node.cache.getOrSet('k', () => 'fresh')
    source.release()
    expect(await next).toBe('fresh')
  })

  test('a signal that is aborted already rejects before anything is asked', async () => {
    await using node = memoryNode()
    const source = new Source([['k', 'v']])
    const read = node.cache.getOrSet('k', () => source.load('k'), { signal: AbortSignal.abort() })
    await expect(read).rejects.toThrow('aborted')
    expect(source.loads).toEqual([])
  })

  test('who leaves while waiting for another process causes no load', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v']]).hold()
    const there = nodes.a.getOrSet('k', () => source.load('a'))
    await nodes.clock.settle()
    const leaver = new AbortController()
    const gone = nodes.b.getOrSet('k', () => source.load('b'), { signal: leaver.signal })
    await nodes.clock.settle()
    leaver.abort()
    await expect(gone).rejects.toThrow('aborted')
    await nodes.clock.advance(5_000)
    expect(source.loads).toEqual(['a'])
    source.release()
    await there
  })

  test('who leaves while queueing for the bulkhead causes no load', async () => {
    await using node = memoryNode({ bulkhead: { concurrentLoads: 1 } })
    const source = new Source().hold()
    const first = node.cache.getOrSet('1', () => source.load('1'))
    const leaver = new AbortController()
    const gone = node.cache.getOrSet('2', () => source.load('2'), { signal: leaver.signal })
    await node.clock.settle()
    leaver.abort()
    await expect(gone).rejects.toThrow('aborted')
    source.release()
    await first
    await node.clock.settle()
    expect(source.loads).toEqual(['1'])
  })

  test('an abandoned load that fails is not held against the next reader', async () => {
    await using node = memoryNode()
    const leaver = new AbortController()
    const gone = node.cache.getOrSet(
      'k',
      (ctx) =>
        new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('stop')))),
      { signal: leaver.signal },
    )
    await node.clock.settle()
    leaver.abort()
    await expect(gone).rejects.toThrow('aborted')
    expect(
      await outcome(
        node.cache.getOrSet('k', () => 'v'),
        node.clock,
      ),
    ).toBe('v')
  })

  test('the hard timeout aborts the signal of the load', async () => {
    await using node = memoryNode({ timeouts: { hard: 1_000 } })
    let seen: AbortSignal | undefined
    const read = node.cache.getOrSet('k', (ctx) => {
      seen = ctx.signal
      return new Promise(() => {})
    })
    await expect(finish(node.clock, read)).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    expect(seen?.aborted).toBe(true)
  })
})
