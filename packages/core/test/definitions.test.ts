import { describe, expect, test } from 'vitest'
import { memoryNode, oneNode, outcome, pair, Source } from './rig.ts'

describe('many', () => {
  test('answers in the order of its inputs: one read, one loadMany for what is missing', async () => {
    await using node = oneNode()
    const asked: (readonly number[])[] = []
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => `single ${id}`,
      loadMany: (ids) => {
        asked.push([...ids])
        return Promise.resolve(new Map(ids.toReversed().map((id) => [id, `row ${id}`])))
      },
    })
    await row.set(2, 'known')
    await node.clock.settle()
    node.store.calls.length = 0
    expect(await row.many([3, 2, 1, 3])).toEqual(['row 3', 'known', 'row 1', 'row 3'])
    await node.cache.drain()
    expect(asked).toEqual([[3, 1]])
    expect(node.store.calls.map(({ verb, names }) => `${verb} ${names.length}`)).toEqual([
      'lease 2',
      'fill 2',
    ])
  })

  test('single calls of one tick are gathered as well; one alone uses load', async () => {
    await using node = memoryNode()
    const asked: unknown[] = []
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => {
        asked.push(id)
        return id
      },
      loadMany: (ids) => {
        asked.push([...ids])
        return Promise.resolve([...ids])
      },
    })
    await Promise.all([row(1), row(2)])
    await row(3)
    expect(asked).toEqual([[1, 2], 3])
  })

  test('100 concurrent reads are one request to the store and one query', async () => {
    await using node = oneNode()
    let queries = 0
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: (ids) => {
        queries++
        return Promise.resolve([...ids])
      },
    })
    await node.clock.settle()
    node.store.calls.length = 0
    await Promise.all(Array.from({ length: 100 }, (_, i) => row(i)))
    expect(queries).toBe(1)
    expect(node.store.calls.filter(({ verb }) => verb === 'lease')).toHaveLength(1)
  })

  test('settled: an error stays with its own input', async () => {
    await using node = memoryNode()
    const broken = new Error('row 2')
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: (ids) => Promise.resolve(ids.map((id) => (id === 2 ? broken : id))),
    })
    expect(await row.settled([1, 2, 3])).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: broken },
      { status: 'fulfilled', value: 3 },
    ])
    await expect(row.many([3, 2])).rejects.toBe(broken)
  })

  test('a loadMany that throws rejects all of its batch with one error', async () => {
    await using node = memoryNode()
    const error = new Error('away')
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: () => Promise.reject(error),
    })
    const results = await row.settled([1, 2])
    expect(results.map((r) => r.status === 'rejected' && r.reason === error)).toEqual([true, true])
  })

  test('a list of another length is refused with a sentence', async () => {
    await using node = memoryNode()
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: () => Promise.resolve([1]),
    })
    await expect(row.many([1, 2])).rejects.toThrow(
      'Expected `loadMany` of `row` to return a map or a list of 2 values, got a list of 1',
    )
  })

  test('what loadMany does not know is undefined, and not stored', async () => {
    await using node = memoryNode()
    const row = node.cache.define<number, string | undefined>({
      name: 'row',
      load: () => undefined,
      loadMany: () => Promise.resolve(new Map([[1, 'one']])),
    })
    expect(await row.many([1, 2])).toEqual(['one', undefined])
    expect(row.peek(2)).toBeUndefined()
  })

  test('a removal during a loadMany keeps out that key only', async () => {
    await using nodes = await pair()
    const source = new Source([['gate', 1]]).hold()
    const row = nodes.a.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: async (ids) => {
        await source.load('gate')
        return [...ids]
      },
    })
    const all = row.many([1, 2, 3])
    await nodes.clock.settle()
    await row.delete(2)
    source.release()
    expect(await all).toEqual([1, 2, 3])
    await nodes.a.drain()
    expect([1, 2, 3].map((id) => row.peek(id))).toEqual([1, undefined, 3])
    const entries = await Promise.all([1, 2, 3].map(async (id) => (await row.entry(id))?.value))
    expect(entries).toEqual([1, undefined, 3])
  })

  test('empty lists are answered with empty lists', async () => {
    await using node = memoryNode()
    const row = node.cache.define({ name: 'row', load: (id: number) => id })
    expect([await row.many([]), await row.settled([]), await node.cache.getMany([])]).toEqual([[], [], []])
  })

  test('getOrSetMany loads the missing ones once, in one call', async () => {
    await using node = oneNode()
    await node.cache.set('b', 'known')
    const asked: (readonly string[])[] = []
    const load = (keys: readonly string[]) => {
      asked.push(keys)
      return new Map(keys.filter((key) => key !== 'd').map((key) => [key, `loaded ${key}`]))
    }
    expect(await node.cache.getOrSetMany(['a', 'b', 'c', 'a', 'd'], load)).toEqual([
      'loaded a',
      'known',
      'loaded c',
      'loaded a',
      undefined,
    ])
    expect(asked).toEqual([['a', 'c', 'd']])
  })
})

test.each([
  [{ ttl: 'soon' }, 'Expected `ttl`'],
  [{ sensitive: 'yes' }, 'Expected `sensitive`'],
  [{ write: 'behind', save: () => {} }, 'Expected the cache to have a `writeQueue`'],
])('a definition that was refused for %j can be made again, set right', async (wrong, why) => {
  await using node = memoryNode()
  const right = { name: 'one', load: (id: number) => id }
  expect(() => node.cache.define({ ...right, ...wrong } as never)).toThrow(why)
  expect(await node.cache.define(right)(7)).toBe(7)
})

describe('wrap', () => {
  test('arguments are the key; what it returns has peek, delete, expire, clear and keyFor', async () => {
    await using node = memoryNode()
    const calls: unknown[] = []
    const sum = node.cache.wrap(
      (a: number, b: number) => {
        calls.push([a, b])
        return a + b
      },
      { name: 'sum', tags: (value, a) => [`sum:${value}`, `a:${a}`] },
    )
    expect([await sum(1, 2), await sum(1, 2), await sum(2, 1)]).toEqual([3, 3, 3])
    expect(calls).toHaveLength(2)
    expect(sum.peek(1, 2)).toBe(3)
    await node.cache.invalidateTags('a:1')
    expect([sum.peek(1, 2), sum.peek(2, 1)]).toEqual([undefined, 3])
    await sum.delete(2, 1)
    expect(sum.peek(2, 1)).toBeUndefined()
    await sum(1, 1)
    await sum.clear()
    expect(sum.peek(1, 1)).toBeUndefined()
    expect(sum.keyFor(1, 2)).not.toBe(sum.keyFor(2, 1))
  })

  test('a key of its own leaves out what does not matter', async () => {
    await using node = memoryNode()
    let calls = 0
    const get = node.cache.wrap((id: number, _log: () => void) => ++calls + id, {
      name: 'get',
      key: (id) => id,
    })
    await get(1, () => {})
    await get(1, () => {})
    expect(calls).toBe(1)
  })

  test('two anonymous functions never share entries: a name is required, and taken once', async () => {
    await using node = memoryNode()
    const wrap = (name: string) => node.cache.wrap(() => 1, { name })
    wrap('one')
    expect(() => wrap('one')).toThrow(
      'Expected each definition to have a name and version of its own, got `#one@1` twice',
    )
    expect(() => wrap(undefined as unknown as string)).toThrow(
      'Expected `name` to be 1 to 128 of the characters',
    )
    expect(() => node.cache.wrap(7 as never, { name: 'x' })).toThrow(
      'Expected `fn` to be a function, got `7` (number)',
    )
  })

  test('what a wrapped function throws reaches the caller, unwrapped', async () => {
    await using node = memoryNode()
    const error = new Error('away')
    const failing = node.cache.wrap(() => Promise.reject(error), { name: 'failing' })
    await expect(failing()).rejects.toBe(error)
  })
})

describe('warm', () => {
  test('loads what is not fresh, reports errors, never stops for one', async () => {
    await using node = oneNode()
    const error = new Error('row 3')
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => (id === 3 ? Promise.reject(error) : Promise.resolve(id)),
    })
    await row(1)
    const report = await row.warm([1, 2, 3, 4])
    expect(report).toEqual({
      loaded: 2,
      skipped: 1,
      errors: [{ key: row.keyFor(3), error }],
      ms: 0,
    })
    expect(row.peek(4)).toBe(4)
  })

  test('no more at once than asked, not faster than its rate, until its signal', async () => {
    await using node = memoryNode()
    const source = new Source().hold()
    const row = node.cache.define({ name: 'row', load: (id: number) => source.load(id).then(() => id) })
    const stop = new AbortController()
    const warming = row.warm(
      Array.from({ length: 10 }, (_, i) => i),
      { concurrency: 3, signal: stop.signal },
    )
    await node.clock.settle()
    expect(source.running).toBe(3)
    source.release(3)
    await node.clock.settle()
    expect(source.running).toBe(3)
    stop.abort()
    source.release()
    const report = await warming
    expect(report.loaded + report.errors.length).toBeLessThanOrEqual(6)
    source.release()
    const slow = row.warm([20, 21, 22], { rate: 10 })
    expect(await outcome(slow, node.clock)).toBe('pending')
    await node.clock.advance(200)
    expect((await slow).loaded).toBe(3)
  })

  test('takes an async iterable; wrong options are refused', async () => {
    await using node = memoryNode()
    const row = node.cache.define({ name: 'row', load: (id: number) => id })
    const ids = async function* () {
      yield* [1, 2]
    }
    expect((await row.warm(ids())).loaded).toBe(2)
    await expect(row.warm([], { concurrency: 0 })).rejects.toThrow('Expected `concurrency` to be an integer')
    await expect(row.warm([], { rate: -1 })).rejects.toThrow(
      'Expected `rate` to be a number of loads per second',
    )
    await expect(row.warm([], { speed: 1 } as never)).rejects.toThrow('Expected only known options')
  })
})

describe('refresh', () => {
  test('loads anew whatever is stored, and replaces it everywhere', async () => {
    await using nodes = await pair()
    const source = new Source([[1, 'v1']])
    const row = nodes.a.define({ name: 'row', load: (id: number) => source.load(id) })
    await row(1)
    await nodes.a.drain()
    source.rows.set(1, 'v2')
    await row.refresh(1)
    await nodes.a.drain()
    expect(row.peek(1)).toBe('v2')
    const there = nodes.b.define({ name: 'row', load: () => 'not asked' })
    expect(await there(1)).toBe('v2')
  })
})
