import { describe, expect, test } from 'vitest'
import { createWarmer, fromRows, warm } from '../src/index.ts'
import type { QueryClient } from '../src/index.ts'
import { rig } from './rig.ts'

interface Item {
  readonly id: number
  readonly name: string
}

/** A table of rows by id, which answers the statement of a page as a database would. */
function table(rows: readonly (Partial<Item> | undefined)[]) {
  const asked: unknown[] = []
  const failures: Error[] = []
  const client: QueryClient = {
    query: async (text, values) => {
      asked.push(values)
      const failure = failures.pop()
      if (failure) throw failure
      expect(text).toBe('the statement')
      const [after, most] = values as [number, number]
      return { rows: rows.filter((row): row is Item => (row?.id ?? 0) > after).slice(0, most) }
    },
  }
  return { asked, client, failures }
}

const items = (count: number): Item[] =>
  Array.from({ length: count }, (_, i) => ({ id: i + 1, name: `row ${i + 1}` }))

const common = {
  text: 'the statement',
  after: 0,
  input: (row: Item) => row.id,
  value: (row: Item) => row.name,
}

describe('rows of a query', () => {
  test('go into the tiers page by page, without a load', async () => {
    await using node = rig()
    const { asked, client } = table(items(25))
    const warmer = createWarmer({
      tasks: [warm('rows', node.row, fromRows({ ...common, client, page: 10 }))],
      clock: node.clock,
    })
    const { tasks } = await warmer.runOnce()
    expect(tasks).toMatchObject([{ loaded: 25, skipped: 0, errors: [], failure: undefined }])
    expect(asked).toEqual([
      [0, 10],
      [10, 10],
      [20, 10],
    ])
    expect(node.loads).toEqual([])
    expect(node.row.peek(25)).toBe('row 25')
    expect((await warmer.runOnce()).tasks).toMatchObject([{ loaded: 0, skipped: 25 }])
  })

  test('are the values themselves where nothing else is said; pages may go on behind something else', async () => {
    await using node = rig()
    const item = node.cache.define<string, Item | undefined>({ name: 'item', load: () => undefined })
    const source = fromRows({
      client: table(items(4)).client,
      text: 'the statement',
      after: 0,
      input: (row: Item) => row.name,
      next: (row) => row.id,
      page: 2,
    })
    await createWarmer({ tasks: [warm('items', item, source)], clock: node.clock }).runOnce()
    expect(item.peek('row 4')).toEqual({ id: 4, name: 'row 4' })
  })

  test('a row without an input, or whose value can not be made, is reported and stops nothing', async () => {
    await using node = rig()
    const rows = [{ id: 1, name: 'row 1' }, { id: 2 }, { name: 'nobody' }, { id: 4, name: 'row 4' }]
    const client: QueryClient = { query: async (_, [after]) => (after === 0 ? rows : []) }
    const value = (row: Item) => row.name.toUpperCase()
    const source = fromRows({ ...common, client, value })
    const { tasks } = await createWarmer({
      tasks: [warm('rows', node.row, source)],
      clock: node.clock,
    }).runOnce()
    expect(tasks[0]).toMatchObject({ loaded: 2, failure: undefined })
    const errors = tasks[0]?.errors.map(({ key, error }) => [key, (error as Error).message])
    expect(errors).toEqual([
      [node.row.keyFor(2), expect.stringContaining('toUpperCase')],
      [
        node.row.keyFor(undefined as never),
        'Expected `input` to be given by every row, got `{"name":"nobody"}` (object)',
      ],
    ])
    expect(node.row.peek(4)).toBe('ROW 4')
  })

  test('a page that fails is asked for again; one that fails for good ends the task alone', async () => {
    await using node = rig()
    const error = new Error('the connection was lost')
    const [some, none] = [table(items(6)), table([])]
    some.failures.push(error, error)
    none.failures.push(error, error, error)
    const page = 2
    const { tasks } = await createWarmer({
      tasks: [
        warm('none', node.row, fromRows({ ...common, client: none.client, page })),
        warm('some', node.row, fromRows({ ...common, client: some.client, page })),
      ],
      clock: node.clock,
    }).runOnce()
    expect(tasks).toMatchObject([
      { loaded: 0, failure: error },
      { loaded: 6, failure: undefined },
    ])
  })

  test('a page whose last row lacks what the next begins behind goes on behind the row before', async () => {
    const pages = new Map<unknown, unknown[]>([
      [
        0,
        [
          { id: 1, name: 'row 1' },
          { id: 2, name: 'row 2' },
          { id: null, name: 'nobody' },
        ],
      ],
      [2, [{ id: 3, name: 'row 3' }]],
    ])
    const client: QueryClient = { query: async (_, [after]) => (pages.get(after) ?? []) as object[] }
    for (const input of [common.input, (row: Item) => row.id.valueOf()]) {
      await using node = rig()
      const source = fromRows({ ...common, input, client, page: 3 })
      const { tasks } = await createWarmer({
        tasks: [warm('rows', node.row, source)],
        clock: node.clock,
      }).runOnce()
      expect(tasks[0]).toMatchObject({ loaded: 3, errors: [{}], failure: undefined })
    }
  })

  test('a statement whose pages do not go on is noticed', async () => {
    await using node = rig()
    const client: QueryClient = { query: async () => items(2) }
    const source = fromRows({ ...common, client, page: 2 })
    const { tasks } = await createWarmer({
      tasks: [warm('rows', node.row, source)],
      clock: node.clock,
    }).runOnce()
    expect(String(tasks[0]?.failure)).toContain(
      'Expected `text` to be a statement whose pages go on behind `$1`, got `2` (number)',
    )
  })

  test('wrong options are refused in one sentence', () => {
    const { client } = table([])
    expect(() => fromRows({ ...common, client: {} as QueryClient })).toThrow(
      'Expected `client` to be a client',
    )
    expect(() => fromRows({ ...common, client, page: 0 })).toThrow('Expected `page` to be an integer')
    expect(() => fromRows({ ...common, client, after: undefined })).toThrow(
      'Expected `after` to be what `$1` is',
    )
    expect(() => fromRows({ ...common, client, input: undefined as never })).toThrow(
      'Expected `input` to be a function',
    )
  })
})
