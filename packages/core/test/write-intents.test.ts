import { describe, expect, test } from 'vitest'
import { finish, memoryNode, oneNode, pair, Source } from './rig.ts'

describe('write: announced before the commit, removed after it', () => {
  test('the value that was read before the commit is kept by nobody', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']])
    const read = (cache: typeof nodes.a) => cache.getOrSet('k', () => source.load('k'))
    await read(nodes.a)
    await read(nodes.b)
    const result = await nodes.a.write('k', async () => {
      expect(await read(nodes.a)).toBe('v1')
      expect(await read(nodes.b)).toBe('v1')
      source.rows.set('k', 'v2')
      return 'done'
    })
    expect(result).toBe('done')
    expect(await read(nodes.a)).toBe('v2')
    expect(await read(nodes.b)).toBe('v2')
  })

  test('a writer that dies after its commit leaves nothing old: the intent blocks stores until it lapses', async () => {
    await using nodes = await pair({ timeouts: { write: 10_000 } })
    const source = new Source([['k', 'v1']])
    const read = () => nodes.b.getOrSet('k', () => source.load('k'))
    await read()
    const seen: unknown[] = []
    void nodes.a
      .write('k', async () => {
        // Another process reads between announcement and commit.
        seen.push(await read())
        source.rows.set('k', 'v2')
        return await new Promise(() => {})
      })
      .catch(() => {})
    await nodes.clock.settle()
    nodes.store.down('a')
    expect(seen).toEqual(['v1'])
    expect(await read()).toBe('v2')
    await nodes.clock.advance(11_000)
    expect(await read()).toBe('v2')
    nodes.store.up('a')
  })

  test('nor does a reader who could not ask the store meanwhile keep it for longer than silence is trusted', async () => {
    await using nodes = await pair({ timeouts: { write: 10_000 } })
    const source = new Source([['k', 'v1']])
    const read = () =>
      finish(
        nodes.clock,
        nodes.b.getOrSet('k', () => source.load('k')),
      )
    const seen: unknown[] = []
    void nodes.a
      .write('k', async () => {
        nodes.store.down('b')
        // The bus is well, the store doesn't answer this once: nobody says that a write is under way.
        seen.push(await read())
        nodes.store.up('b')
        source.rows.set('k', 'v2')
        return await new Promise(() => {})
      })
      .catch(() => {})
    await nodes.clock.advance(100)
    nodes.store.down('a')
    await nodes.clock.advance(5_000)
    expect(seen).toEqual(['v1'])
    expect(await read()).toBe('v2')
    nodes.store.up('a')
  })

  test('a commit that throws: its error, and the key is removed all the same', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v1')
    const error = new Error('constraint')
    await expect(node.cache.write('k', () => Promise.reject(error))).rejects.toBe(error)
    expect(await node.cache.get('k')).toBeUndefined()
    await node.cache.getOrSet('k', () => 'v2')
    await node.cache.drain()
    expect(await node.cache.get('k', { skip: ['memory'] })).toBe('v2')
  })

  test('two writers at once: fills stay blocked until the last one ends', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']])
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
    const first = nodes.a.write('k', () => gates[0].promise)
    const second = nodes.b.write('k', () => gates[1].promise)
    await nodes.clock.settle()
    gates[0].resolve()
    await first
    await nodes.a.getOrSet('k', () => source.load('k'))
    await nodes.a.drain()
    source.rows.set('k', 'v2')
    gates[1].resolve()
    await second
    for (const cache of [nodes.a, nodes.b]) {
      expect(await cache.getOrSet('k', () => source.load('k'))).toBe('v2')
    }
  })

  test('a load that began before the announcement is not stored', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']]).hold()
    const before = nodes.b.getOrSet('k', () => source.load('k'))
    await nodes.clock.settle()
    await nodes.a.write('k', () => void source.rows.set('k', 'v2'))
    source.release()
    expect(await before).toBe('v1')
    await nodes.b.drain()
    expect(await nodes.b.getOrSet('k', () => source.load('k'))).toBe('v2')
  })

  test('the store can not be told: the write goes on, the removal is queued', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v1')
    node.store.down()
    expect(
      await finish(
        node.clock,
        node.cache.write('k', () => 'done'),
      ),
    ).toBe('done')
    expect(node.cache.stats().tiers['store']?.queued).toBe(1)
    expect(await node.cache.get('k')).toBeUndefined()
    node.store.up()
    await node.clock.advance(2_000)
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('strict: it is refused before the commit', async () => {
    await using node = oneNode({ invalidation: 'strict' })
    await node.cache.set('k', 'v1')
    node.store.down()
    let committed = false
    const write = node.cache.write('k', () => {
      committed = true
    })
    await expect(finish(node.clock, write)).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    expect(committed).toBe(false)
  })

  test('by definition: save, its answer, and the sentence when there is none', async () => {
    await using node = memoryNode()
    const rows = new Map([[1, 'v1']])
    const row = node.cache.define({
      name: 'row',
      load: (id: number) => rows.get(id) ?? null,
      save: async (id, value) => {
        rows.set(id, value ?? '')
        return `${value} as saved`
      },
    })
    expect(await row(1)).toBe('v1')
    expect(await row.write(1, 'v2')).toBe('v2 as saved')
    expect(await row(1)).toBe('v2')
    expect(await row.update(1, (v) => `${v}!`)).toBe('v2! as saved')
    expect(await row(1)).toBe('v2!')
    const bare = node.cache.define({ name: 'bare', load: () => 1 })
    await expect(bare.write(1, 2)).rejects.toMatchObject({ code: 'NO_SOURCE' })
    expect(await bare.write(1, () => Promise.resolve('by hand'))).toBe('by hand')
  })

  test('several keys in one announcement', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.store.calls.length = 0
    await node.cache.write(['a', 'b'], () => {})
    expect(node.store.transcript('a')).toEqual(['begin =a =b', 'end =a =b'])
  })

  test('a set during a write of another process does not win over the commit', async () => {
    await using nodes = await pair()
    const source = new Source([['k', 'v1']])
    await nodes.a.write('k', async () => {
      await nodes.b.set('k', 'guess')
      source.rows.set('k', 'v2')
    })
    for (const cache of [nodes.a, nodes.b]) {
      expect(await cache.getOrSet('k', () => source.load('k'))).toBe('v2')
    }
  })
})
