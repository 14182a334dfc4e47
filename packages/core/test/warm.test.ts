import { memory } from '@tierstack/cache-memory'
import { describe, expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import type { Definition } from '../src/index.ts'
import { finish, oneNode as nodeOf, outcome, pair as pairOf, Source } from './rig.ts'

/** Rows that load in batches, which are noted. */
function batched(source: Source<string>, rest: Partial<Definition<number, string>> = {}) {
  const batches: number[][] = []
  const definition: Definition<number, string> = {
    name: 'row',
    load: (id) => source.load(id),
    loadMany: async (ids) => {
      batches.push([...ids])
      return new Map(await Promise.all(ids.map(async (id) => [id, await source.load(id)] as const)))
    },
    ...rest,
  }
  return { batches, definition }
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => i)
const rows = (count: number) => new Source<string>(ids(count).map((id) => [id, `row ${id}`]))

describe.each([
  { means: 'one fence for a batch', bulk: true, verbs: ['hello', 'survey', 'stampTags', 'fillAbsent'] },
  { means: 'a lease for each key', bulk: false, verbs: ['hello', 'lease', 'stampTags', 'fill'] },
])('warming a definition with `loadMany`, under $means', ({ bulk, verbs: expected }) => {
  const pair = () => pairOf({}, { bulk })
  const oneNode = () => nodeOf({}, { bulk })

  test('a batch is one look, one load and one fill, whatever tags its values have', async () => {
    await using node = oneNode()
    const { batches, definition } = batched(rows(300), { tags: (_, id) => [`row:${id}`, 'rows'] })
    const row = node.cache.define(definition)
    expect(await row.warm(ids(300))).toMatchObject({ loaded: 300, skipped: 0, errors: [] })
    expect(batches.map((batch) => batch.length)).toEqual([300])
    const verbs = node.store.calls.map(({ verb }) => verb)
    expect(verbs).toEqual(expected)
    expect(row.peek(7)).toBe('row 7')
    expect(await row(8, { skip: ['memory'] })).toBe('row 8')
    await node.cache.invalidateTags('row:7')
    expect(row.peek(7)).toBeUndefined()
    expect(row.peek(8)).toBe('row 8')
  })

  test('what is fresh is skipped; what only the far tier has comes near', async () => {
    await using nodes = await pair()
    const source = rows(20)
    const { batches, definition } = batched(source)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    await a.warm(ids(10))
    expect(await b.warm(ids(20), { batch: 20 })).toMatchObject({ loaded: 10, skipped: 10 })
    expect(batches.at(-1)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    expect(b.peek(3)).toBe('row 3')
    expect(await b.warm([1, 1, 2])).toMatchObject({ loaded: 0, skipped: 3 })
  })

  test('a removal during the load wins, here and far', async () => {
    await using nodes = await pair()
    const source = rows(3).hold()
    const { definition } = batched(source)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    const warming = a.warm(ids(3))
    await nodes.clock.settle()
    source.rows.set(1, 'changed')
    await b.delete(1)
    source.release()
    await warming
    expect(a.peek(0)).toBe('row 0')
    expect(a.peek(1)).not.toBe('row 1')
    expect(await b(1)).toBe('changed')
    expect(await a(1)).toBe('changed')
  })

  test('so does a tag of the value that is invalidated during the load', async () => {
    await using nodes = await pair()
    const source = rows(2).hold()
    const { definition } = batched(source, { tags: (_, id) => [`row:${id}`] })
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    const warming = a.warm(ids(2))
    await nodes.clock.settle()
    source.rows.set(1, 'changed')
    await nodes.b.invalidateTags('row:1')
    source.release()
    await warming
    expect(await a(1)).toBe('changed')
    expect(await b(1)).toBe('changed')
    expect(a.peek(0)).toBe('row 0')
  })

  test('a row that is being written is left alone', async () => {
    await using nodes = await pair()
    const source = rows(3)
    const { definition } = batched(source)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    await b.write(1, async () => {
      await a.warm(ids(3))
      source.rows.set(1, 'changed')
    })
    expect(a.peek(0)).toBe('row 0')
    expect(await a(1)).toBe('changed')
  })

  test('a row that another process loads is waited for, not loaded twice', async () => {
    await using nodes = await pair()
    const source = rows(2).hold()
    const { definition } = batched(source)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    const reading = b(1)
    await nodes.clock.settle()
    const warming = a.warm(ids(2))
    await nodes.clock.settle()
    source.release()
    expect(await reading).toBe('row 1')
    expect(await warming).toMatchObject({ loaded: 1, skipped: 1 })
    expect(source.loads).toEqual([1, 0])
  })

  test('a failing row is found in its batch, and stops nothing else', async () => {
    await using node = oneNode()
    const source = rows(40)
    const error = new Error('bad row')
    const { definition } = batched(source, {
      loadMany: async (wanted) => {
        if (wanted.includes(13)) throw error
        return await Promise.all(wanted.map((id) => source.load(id)))
      },
    })
    const row = node.cache.define(definition)
    const report = await row.warm(ids(40), { batch: 16 })
    expect(report).toMatchObject({ loaded: 39, errors: [{ key: row.keyFor(13), error }] })
  })

  test('a source that is down is not asked for every row', async () => {
    await using node = oneNode()
    let asked = 0
    const { definition } = batched(rows(0), {
      loadMany: () => {
        asked++
        return Promise.reject(new Error('down'))
      },
    })
    const row = node.cache.define(definition)
    const report = await row.warm(ids(1_000), { batch: 100 })
    expect(report.errors).toHaveLength(1_000)
    expect(asked).toBeLessThan(100)
  })

  test('an error for one key of a batch is that key’s alone; a missing row is stored nowhere', async () => {
    await using node = oneNode()
    const error = new Error('bad row')
    const { definition } = batched(rows(0), {
      loadMany: (wanted) => Promise.resolve(wanted.map((id) => [undefined, error, 'row'][id] as string)),
    })
    const row = node.cache.define(definition)
    const report = await row.warm(ids(3))
    expect(report).toMatchObject({ loaded: 2, errors: [{ key: row.keyFor(1), error }] })
    expect([row.peek(0), row.peek(2)]).toEqual([undefined, 'row'])
  })

  test('with the far tier down, memory is warmed', async () => {
    await using node = oneNode()
    node.store.down()
    await node.clock.advance(100)
    const row = node.cache.define(batched(rows(5)).definition)
    await outcome(row.warm(ids(5)), node.clock)
    await node.clock.advance(10)
    expect(row.peek(3)).toBe('row 3')
  })

  test('tells how far it is', async () => {
    await using node = oneNode()
    const row = node.cache.define(batched(rows(25)).definition)
    const seen: number[] = []
    await row.warm(ids(25), { batch: 10, concurrency: 1, progress: ({ loaded }) => seen.push(loaded) })
    // A batch is loaded while the one before it is being stored.
    expect(seen).toHaveLength(3)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(seen.at(-1)).toBe(25)
  })
})

describe('a batch under one fence', () => {
  test('is loaded again with leases when anything was removed meanwhile; what was read before is kept nowhere', async () => {
    await using nodes = await pairOf()
    const source = rows(3).hold()
    const { batches, definition } = batched(source)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    const warming = a.warm(ids(3))
    await nodes.clock.settle()
    source.rows.set(1, 'changed')
    await b.delete(1)
    source.release()
    expect(await warming).toMatchObject({ loaded: 3, skipped: 0, errors: [] })
    expect(batches).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ])
    expect([a.peek(0), a.peek(1), a.peek(2)]).toEqual(['row 0', 'changed', 'row 2'])
    expect(await b(1)).toBe('changed')
    expect(source.loads).toHaveLength(6)
  })

  test.each(['a row', 'its tag', 'everything'])(
    'is stored nowhere when %s is removed between its load and its fill',
    async (what) => {
      await using node = nodeOf()
      const other = createCache({
        namespace: 'test',
        clock: node.clock,
        tiers: [memory(), node.store.tier({ node: 'b' })],
      })
      const source = rows(3)
      const { batches, definition } = batched(source, { tags: (_, id) => [`row:${id}`] })
      const [ours, theirs] = [node.cache.define(definition), other.define(definition)]
      node.tier.plan = { fillAbsent: { delay: 100 } }
      const warming = ours.warm(ids(3))
      await node.clock.settle()
      expect(batches).toHaveLength(1)
      source.rows.set(1, 'changed')
      if (what === 'a row') await theirs.delete(1)
      else if (what === 'its tag') await other.invalidateTags('row:1')
      else await other.clear()
      node.tier.plan = {}
      expect(await finish(node.clock, warming)).toMatchObject({ errors: [] })
      expect(await theirs(1, { skip: ['memory'] })).toBe('changed')
      expect(await ours(1)).toBe('changed')
      await finish(node.clock, other.close())
    },
  )

  test('keeps to leases for some batches after that, and comes back to one fence', async () => {
    await using nodes = await pairOf()
    const source = rows(200)
    let removed = false
    const { definition } = batched(source)
    const a = nodes.a.define({
      ...definition,
      loadMany: async (wanted) => {
        if (!removed) await nodes.b.delete('other')
        removed = true
        return await Promise.all(wanted.map((id) => source.load(id)))
      },
    })
    await a.warm(ids(80), { batch: 10, concurrency: 1 })
    const looks = nodes.store.calls.map(({ verb }) => verb).filter((verb) => /lease|survey/.test(verb))
    // The second had begun when the first was refused.
    expect(looks).toEqual([
      'survey',
      'survey',
      'lease',
      'lease',
      'lease',
      'lease',
      'lease',
      'survey',
      'survey',
    ])
  })

  test('is followed by the loads of the next while it is stored, of no more than `concurrency` at once', async () => {
    await using node = nodeOf()
    const source = rows(60).hold()
    const { batches, definition } = batched(source)
    const row = node.cache.define(definition)
    node.tier.plan = { fillAbsent: { delay: 1_000 } }
    const warming = row.warm(ids(60), { batch: 10, concurrency: 2 })
    await node.clock.settle()
    expect(batches).toHaveLength(2)
    source.release()
    await node.clock.settle()
    // Two are loaded, two more on their way: the rest waits until something is stored.
    expect(batches).toHaveLength(4)
    expect(await finish(node.clock, warming)).toMatchObject({ loaded: 60, errors: [] })
    expect(batches).toHaveLength(6)
  })

  test('never replaces what another process stored meanwhile', async () => {
    await using nodes = await pairOf()
    const source = rows(2).hold()
    const { definition } = batched(source)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    const warming = a.warm(ids(2))
    await nodes.clock.settle()
    const reading = b(1)
    await nodes.clock.settle()
    source.release()
    await Promise.all([warming, reading])
    await nodes.clock.settle()
    const fills = nodes.store.calls.filter(({ verb }) => verb === 'fill')
    expect(fills).toHaveLength(1)
    expect(await b(1, { skip: ['memory'] })).toBe('row 1')
    expect(source.loads).toHaveLength(3)
  })

  test('is not stored where a write had begun meanwhile', async () => {
    await using nodes = await pairOf()
    const source = rows(2).hold()
    const { definition } = batched(source)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    const warming = a.warm(ids(2))
    await nodes.clock.settle()
    const writing = b.write(1, async () => {
      source.release()
      await warming
      source.rows.set(1, 'changed')
    })
    await writing
    expect(a.peek(1)).not.toBe('row 1')
    expect(await a(1)).toBe('changed')
    expect(await b(0)).toBe('row 0')
  })

  test('whose answer is lost is in memory, and counts as loaded', async () => {
    await using node = nodeOf()
    const row = node.cache.define(batched(rows(3)).definition)
    node.tier.plan = { fillAbsent: 'lose' }
    expect(await finish(node.clock, row.warm(ids(3)))).toMatchObject({ loaded: 3, errors: [] })
    node.tier.plan = {}
    expect(row.peek(1)).toBe('row 1')
    expect(await row(2, { skip: ['memory'] })).toBe('row 2')
  })

  test('of values that can not be encoded is refused one by one', async () => {
    await using node = nodeOf()
    const row = node.cache.define<number, unknown>({
      name: 'row',
      load: () => Promise.resolve(0),
      loadMany: (wanted) => Promise.resolve(wanted.map((id) => (id === 1 ? () => id : id))),
    })
    await row.warm(ids(3))
    expect(node.events.lines.filter((line) => line.includes('refused'))).toHaveLength(1)
    expect(await row(2, { skip: ['memory'] })).toBe(2)
  })
})
