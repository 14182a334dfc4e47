import { describe, expect, test } from 'vitest'
import type { Definition } from '../src/index.ts'
import { finish, memoryNode, oneNode, pair, Source } from './rig.ts'

function rows(
  source: Source<string>,
  rest: Partial<Definition<number, string>> = {},
): Definition<number, string> {
  return {
    name: 'row',
    load: (id) => source.load(id),
    save: async (id, value) => {
      source.rows.set(id, value)
    },
    write: 'through',
    ...rest,
  }
}

describe('write-through: source first, then the tiers', () => {
  test('what was written is in every tier, and nobody loads it', async () => {
    await using node = oneNode()
    const source = new Source<string>([[1, 'old']])
    const row = node.cache.define(rows(source))
    await row(1)
    expect(await row.write(1, 'new')).toBe('new')
    expect(source.rows.get(1)).toBe('new')
    expect(row.peek(1)).toBe('new')
    expect(await row(1, { skip: ['memory'] })).toBe('new')
    expect(source.loads).toEqual([1])
  })

  test('another process sees it without loading, whatever its memory held', async () => {
    await using nodes = await pair()
    const source = new Source<string>([[1, 'old']])
    const [a, b] = [nodes.a.define(rows(source)), nodes.b.define(rows(source))]
    await b(1)
    await a.write(1, 'new')
    expect(await b(1)).toBe('new')
    expect(source.loads).toEqual([1])
  })

  test('what the source made of the value is what is kept', async () => {
    await using node = oneNode()
    const source = new Source<string>()
    const row = node.cache.define(
      rows(source, {
        save: (id, value) => {
          source.rows.set(id, `${value}!`)
          return Promise.resolve(`${value}!`)
        },
      }),
    )
    expect(await row.write(1, 'new')).toBe('new!')
    expect(row.peek(1)).toBe('new!')
  })

  test('of two writers that overlap, neither keeps its value, and the next reader loads', async () => {
    await using nodes = await pair()
    const source = new Source<string>()
    let second: Promise<string> | undefined
    const a = nodes.a.define(
      rows(source, {
        save: async (id) => {
          source.rows.set(id, 'first')
          // The other comes, commits and is done before the first has told anybody.
          second = b.write(1, 'second')
          await finish(nodes.clock, second)
        },
      }),
    )
    const b = nodes.b.define(rows(source))
    await a.write(1, 'first')
    await second
    expect(a.peek(1)).toBeUndefined()
    expect(b.peek(1)).toBeUndefined()
    expect(await a(1)).toBe('second')
    expect(await b(1)).toBe('second')
  })

  test('a removal during the commit wins: the value is kept nowhere', async () => {
    await using nodes = await pair()
    const source = new Source<string>()
    const b = nodes.b.define(rows(source))
    const a = nodes.a.define(
      rows(source, {
        save: async (id) => {
          source.rows.set(id, 'written')
          // Somebody changes the row behind our back, and says so.
          source.rows.set(id, 'changed')
          await b.delete(id)
        },
      }),
    )
    await a.write(1, 'written')
    expect(a.peek(1)).toBeUndefined()
    expect(await a(1)).toBe('changed')
  })

  test('a tag invalidated during the commit wins as well', async () => {
    await using nodes = await pair()
    const source = new Source<string>()
    const tags = () => ['rows']
    const a = nodes.a.define(
      rows(source, {
        tags,
        save: async (id) => {
          source.rows.set(id, 'changed')
          await nodes.b.invalidateTags('rows')
        },
      }),
    )
    await a.write(1, 'written')
    expect(await a(1)).toBe('changed')
  })

  test('a save that fails leaves the source and its error, and no value in any tier', async () => {
    await using node = oneNode()
    const source = new Source<string>([[1, 'old']])
    const error = new Error('constraint')
    const row = node.cache.define(rows(source, { save: () => Promise.reject(error) }))
    await row(1)
    await expect(row.write(1, 'new')).rejects.toBe(error)
    expect(row.peek(1)).toBeUndefined()
    expect(await row(1)).toBe('old')
  })

  test('with the far tier down, the source has it and nobody keeps an old value', async () => {
    await using node = oneNode()
    const source = new Source<string>([[1, 'old']])
    const row = node.cache.define(rows(source))
    await row(1)
    node.store.down()
    await finish(node.clock, row.write(1, 'new'))
    expect(source.rows.get(1)).toBe('new')
    expect(await finish(node.clock, row(1))).toBe('new')
    node.store.up()
    await node.clock.advance(2_000)
    expect(await row(1, { skip: ['memory'] })).toBe('new')
  })

  test('memory alone: a write is kept, one that overlaps another is not', async () => {
    await using node = memoryNode()
    const source = new Source<string>()
    const row = node.cache.define(rows(source))
    await row.write(1, 'new')
    expect(row.peek(1)).toBe('new')
    const overlapped = node.cache.define(
      rows(source, {
        name: 'other',
        save: async (id, value) => {
          source.rows.set(id, value)
          if (value === 'outer') await overlapped.write(id, 'inner')
        },
      }),
    )
    await overlapped.write(2, 'outer')
    expect(overlapped.peek(2)).toBeUndefined()
  })

  test('inside a transaction the key is removed after the commit, and left alone after a rollback', async () => {
    await using node = oneNode()
    const source = new Source<string>([[1, 'old']])
    const row = node.cache.define(rows(source))
    await row(1)
    await expect(
      node.cache.deferred(async () => {
        await row.write(1, 'uncommitted')
        source.rows.set(1, 'old')
        throw new Error('rollback')
      }),
    ).rejects.toThrow('rollback')
    expect(row.peek(1)).toBe('old')
    await node.cache.deferred(async () => {
      await row.write(1, 'new')
      expect(await row(1)).toBe('new')
    })
    expect(row.peek(1)).toBeUndefined()
    expect(await row(1)).toBe('new')
  })

  test('needs `save`, and only knows its own words', async () => {
    await using node = memoryNode()
    const load = (id: number) => id
    expect(() => node.cache.define({ name: 'a', load, write: 'through' })).toThrow(
      "Expected `save` to be a function, as `write` is 'through', got",
    )
    const word = 'back' as 'behind'
    expect(() => node.cache.define({ name: 'b', load, write: word })).toThrow('Expected `write` to be')
    const save = async () => {}
    expect(() => node.cache.define({ name: 'c', load, save, behind: {} })).toThrow(
      "Expected `behind` to be left out unless `write` is 'behind', got",
    )
    expect(() => node.cache.define({ name: 'd', load, save, write: 'behind' })).toThrow(
      "Expected the cache to have a `writeQueue`, which definition `d@1` needs as its `write` is 'behind'",
    )
  })
})
