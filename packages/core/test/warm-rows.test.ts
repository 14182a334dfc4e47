import { memory } from '@tierstack/cache-memory'
import { describe, expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import type { Definition, NextRows } from '../src/index.ts'
import { finish, memoryNode, oneNode as nodeOf, outcome, pair as pairOf, Source } from './rig.ts'

const ids = (count: number) => Array.from({ length: count }, (_, i) => i)

/** A source whose rows are read page by page, each at once when it is asked for, and what was loaded beside. */
function paged(count: number, page: number) {
  const source = new Source<string>(ids(count).map((id) => [id, `row ${id}`]))
  const batches: number[][] = []
  const reads: number[] = []
  /** What happens between the read of a page and its arrival. */
  let meanwhile: (first: number) => Promise<unknown> | undefined = () => undefined
  const next = (): NextRows<number, string> => {
    let at = 0
    return async () => {
      const from = at
      at += page
      if (from >= count) return undefined
      reads.push(from)
      const rows = ids(Math.min(page, count - from)).map((i) => {
        const id = from + i
        return [id, source.rows.get(id) as string] as const
      })
      await meanwhile(from)
      return rows
    }
  }
  const definition: Definition<number, string> = {
    name: 'row',
    load: (id) => source.load(id),
    loadMany: (wanted) => {
      batches.push([...wanted])
      return Promise.all(wanted.map((id) => source.load(id)))
    },
  }
  const set = (work: typeof meanwhile) => (meanwhile = work)
  return { source, batches, reads, next, definition, meanwhile: set }
}

describe('pages of rows', () => {
  test('go into every tier without a load, and no page is read before its fence is taken', async () => {
    await using node = nodeOf()
    const { batches, reads, next, definition, meanwhile } = paged(30, 10)
    const surveys: number[] = []
    meanwhile(async () => {
      surveys.push(node.store.calls.filter(({ verb }) => verb === 'survey').length)
    })
    const row = node.cache.define({ ...definition, tags: (_, id) => [`row:${id}`] })
    expect(await row.warmRows(next())).toMatchObject({ loaded: 30, skipped: 0, errors: [] })
    expect(batches).toEqual([])
    expect(reads).toEqual([0, 10, 20])
    for (const [i, before] of surveys.entries()) expect(before).toBeGreaterThan(i)
    expect(row.peek(7)).toBe('row 7')
    expect(await row(8, { skip: ['memory'] })).toBe('row 8')
    await node.cache.invalidateTags('row:7')
    expect(row.peek(7)).toBeUndefined()
    expect(row.peek(8)).toBe('row 8')
  })

  test.each(['a row', 'its tag', 'everything'])(
    'are stored nowhere, but loaded anew, when %s is removed between their read and their fill',
    async (what) => {
      await using nodes = await pairOf()
      const { source, batches, next, definition, meanwhile } = paged(20, 10)
      const tagged = { ...definition, tags: (_: string, id: number) => [`row:${id}`] }
      const [a, b] = [nodes.a.define(tagged), nodes.b.define(tagged)]
      meanwhile(async (first) => {
        if (first !== 10) return
        source.rows.set(13, 'changed')
        if (what === 'a row') await b.delete(13)
        else if (what === 'its tag') await nodes.b.invalidateTags('row:13')
        else await nodes.b.clear()
      })
      expect(await finish(nodes.clock, a.warmRows(next()))).toMatchObject({ loaded: 20, errors: [] })
      expect(batches.flat()).toContain(13)
      expect(a.peek(13)).not.toBe('row 13')
      expect(await b(13, { skip: ['memory'] })).toBe('changed')
      expect(await a(13)).toBe('changed')
    },
  )

  test.each(['a row', 'its tag'])('nor here, when this process removes %s meanwhile', async (what) => {
    await using node = memoryNode()
    const { source, next, definition, meanwhile } = paged(2, 2)
    const row = node.cache.define({ ...definition, tags: (_, id) => [`row:${id}`] })
    meanwhile(async () => {
      source.rows.set(1, 'changed')
      await (what === 'a row' ? row.delete(1) : node.cache.invalidateTags('row:1'))
    })
    await row.warmRows(next())
    expect([row.peek(0), row.peek(1)]).toEqual(['row 0', undefined])
    expect(await row(1)).toBe('changed')
  })

  test('a row that is being written is left alone', async () => {
    await using nodes = await pairOf()
    const { source, next, definition } = paged(3, 3)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    await b.write(1, async () => {
      await a.warmRows(next())
      source.rows.set(1, 'changed')
    })
    expect(a.peek(0)).toBe('row 0')
    expect(await a(1)).toBe('changed')
  })

  test.each([2_000, 6_000])(
    'one whose writer died is not stored %d ms later, whether his intent lapsed or not',
    async (ms) => {
      await using node = nodeOf({ timeouts: { write: 1_000 } })
      const other = createCache({
        namespace: 'test',
        clock: node.clock,
        timeouts: { write: 1_000 },
        tiers: [memory(), node.store.tier({ node: 'b' })],
      })
      const { source, next, definition, meanwhile } = paged(1, 1)
      const [ours, theirs] = [node.cache.define(definition), other.define(definition)]
      void theirs.write(0, () => new Promise(() => {})).catch(() => {})
      await node.clock.settle()
      node.store.down('b')
      await node.clock.advance(900)
      meanwhile(async () => {
        // Within the time that the writer has; then nothing is left of him.
        source.rows.set(0, 'changed')
        await node.clock.advance(ms)
      })
      await finish(node.clock, ours.warmRows(next()))
      expect(ours.peek(0)).not.toBe('row 0')
      expect(await ours(0, { skip: ['memory'] })).toBe('changed')
      node.store.up('b')
      await finish(node.clock, other.close())
    },
  )

  test('what is fresh is skipped; what only the far tier has comes near, and the next pages are looked up first', async () => {
    await using nodes = await pairOf()
    const { batches, next, definition } = paged(40, 10)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    await a.warm(ids(30))
    batches.length = 0
    nodes.store.calls.length = 0
    expect(await b.warmRows(next(), { concurrency: 1 })).toMatchObject({
      loaded: 10,
      skipped: 30,
      errors: [],
    })
    expect(batches).toEqual([])
    expect(b.peek(3)).toBe('row 3')
    expect(nodes.store.calls.filter(({ verb }) => verb === 'fillAbsent').length).toBeLessThan(4)
    expect(await b.warmRows(next())).toMatchObject({ loaded: 0, skipped: 40 })
  })

  test('two that warm at once load nothing, and agree on every row', async () => {
    await using nodes = await pairOf()
    const { source, next, definition } = paged(60, 7)
    const [a, b] = [nodes.a.define(definition), nodes.b.define(definition)]
    const reports = await Promise.all([a.warmRows(next()), b.warmRows(next())])
    for (const { loaded, skipped, errors } of reports) expect([loaded + skipped, errors]).toEqual([60, []])
    expect(source.loads).toEqual([])
    for (const id of ids(60)) expect([a.peek(id), b.peek(id)]).toEqual([`row ${id}`, `row ${id}`])
  })

  test('an error in the place of a value, and an input that makes no key, are reported; the rest is warm', async () => {
    await using node = nodeOf()
    const error = new Error('bad row')
    const row = node.cache.define<string, string | undefined>({ name: 'row', load: (id) => `row ${id}` })
    const pages = [
      [
        ['a', 'row a'],
        ['b', error],
        ['\ud800', 'row'],
        ['c', undefined],
      ] as const,
      [['d', 'row d']] as const,
    ]
    const report = await row.warmRows(() => pages.shift())
    expect(report).toMatchObject({
      loaded: 3,
      errors: [{ key: '`"\\ud800"` (string)' }, { key: row.keyFor('b'), error }],
    })
    expect(['a', 'b', 'c', 'd'].map((id) => row.peek(id))).toEqual(['row a', undefined, undefined, 'row d'])
  })

  test('a source that fails rejects, and what it brought before is warm', async () => {
    await using node = nodeOf()
    const { next, definition, meanwhile } = paged(30, 10)
    const error = new Error('the query failed')
    meanwhile((first) => (first === 20 ? Promise.reject(error) : undefined))
    const row = node.cache.define(definition)
    await expect(row.warmRows(next())).rejects.toBe(error)
    expect([row.peek(5), row.peek(15), row.peek(25)]).toEqual(['row 5', 'row 15', undefined])
    expect(await row(15, { skip: ['memory'] })).toBe('row 15')
  })

  test('a signal ends it, also in the middle of a page', async () => {
    await using node = nodeOf()
    const { next, definition, meanwhile } = paged(30, 10)
    const stop = new AbortController()
    meanwhile((first) => {
      if (first < 20) return undefined
      stop.abort()
      return new Promise(() => {})
    })
    const row = node.cache.define(definition)
    const report = await finish(node.clock, row.warmRows(next(), { signal: stop.signal }))
    expect(report.errors).toEqual([])
    expect(report.loaded).toBeLessThan(30)
    expect(row.peek(25)).toBeUndefined()
  })

  test('keep to a rate, and tell how far they are', async () => {
    await using node = nodeOf()
    const { reads, next, definition } = paged(40, 10)
    const row = node.cache.define(definition)
    const seen: number[] = []
    const warming = row.warmRows(next(), { rate: 10, progress: ({ loaded }) => seen.push(loaded) })
    await node.clock.settle()
    expect(reads).toEqual([0])
    await node.clock.advance(1_000)
    expect(reads).toEqual([0, 10])
    await finish(node.clock, warming)
    expect(seen).toEqual([10, 20, 30, 40])
  })

  test('with the far tier down, memory is warmed', async () => {
    await using node = nodeOf()
    node.store.down()
    await node.clock.advance(100)
    const { next, definition } = paged(5, 5)
    const row = node.cache.define(definition)
    await outcome(row.warmRows(next()), node.clock)
    await node.clock.advance(10)
    expect(row.peek(3)).toBe('row 3')
  })

  test('whose answer is lost are looked up, not trusted', async () => {
    await using node = nodeOf()
    const { batches, next, definition } = paged(3, 3)
    const row = node.cache.define(definition)
    node.tier.plan = { fillAbsent: 'lose' }
    expect(await finish(node.clock, row.warmRows(next()))).toMatchObject({ skipped: 3, errors: [] })
    expect(batches).toEqual([])
    expect(row.peek(1)).toBe('row 1')
  })

  test.each([
    { where: 'a tier has leases only', tier: { bulk: false }, options: {} },
    { where: 'a tier gets nothing of it', tier: {}, options: { ttl: { store: 0 } } },
  ] as const)('are loaded by their inputs where $where', async ({ tier, options }) => {
    await using node = nodeOf({}, tier)
    const { batches, next, definition } = paged(20, 10)
    const row = node.cache.define({ ...definition, ...options })
    expect(await row.warmRows(next())).toMatchObject({ loaded: 20, errors: [] })
    expect(batches).toEqual([ids(10), ids(20).slice(10)])
    expect(row.peek(3)).toBe('row 3')
  })

  test('of a definition without `loadMany` are stored too, and what is refused is loaded one by one', async () => {
    await using nodes = await pairOf()
    const { source, next, definition, meanwhile } = paged(20, 20)
    const single = { name: definition.name, load: source.load }
    const [a, b] = [nodes.a.define(single), nodes.b.define(single)]
    meanwhile(async () => {
      source.rows.set(1, 'changed')
      await b.delete(1)
    })
    expect(await finish(nodes.clock, a.warmRows(next()))).toMatchObject({ loaded: 20, errors: [] })
    expect(source.loads).toHaveLength(20)
    expect(a.peek(1)).toBe('changed')
  })

  test('anything but a function is refused in one sentence', async () => {
    await using node = memoryNode()
    const row = node.cache.define(paged(1, 1).definition)
    await expect(row.warmRows([] as never)).rejects.toThrow('Expected `next` to be a function that brings')
  })
})
