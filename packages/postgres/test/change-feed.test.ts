import type { Receipt, Removal } from '@tierstack/cache-core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { anyRowTag, changeFeed, rowTag, tableTag } from '../src/index.ts'
import type { Change, ChangeFeedOptions, ChangeHost, ChangeSource } from '../src/index.ts'

function rig(o: Pick<ChangeFeedOptions, 'map' | 'wholeTable'> = {}) {
  const removals: Removal[] = []
  let answer = async (): Promise<Receipt> => ({ confirmed: ['memory'], queued: [], durable: [], bus: 'none' })
  const cache = {
    changed: (removal: Removal) => {
      removals.push(removal)
      return answer()
    },
  }
  let host: ChangeHost | undefined
  const source: ChangeSource = {
    name: 'test',
    open: (given) => {
      host = given
    },
    close: async () => {},
  }
  const feed = changeFeed({ cache, source, ...o })
  onTestFinished(() => feed.close())
  return {
    feed,
    host: host as unknown as ChangeHost,
    removals,
    answer: (next: typeof answer) => {
      answer = next
    },
  }
}

const change = (id: string, more: Partial<Change> = {}): Change => ({
  op: 'update',
  schema: 'public',
  table: 'users',
  key: [id],
  formerKey: undefined,
  row: { id },
  before: undefined,
  ...more,
})
const batch = (...changes: Change[]) => ({ changes, wholeTables: [] })
const tags = (...names: string[]): Removal => ({ kind: 'tags', tags: names, soft: false })

describe('what a change removes', () => {
  test('by convention its row and its table, under the old key too', async () => {
    const { host, removals } = rig()
    await host.apply(batch(change('1'), change('2', { formerKey: ['3'] })))
    await host.apply(batch(change('1', { schema: 'billing', table: 'lines', key: ['7', 'a:b'] })))
    await host.apply(batch(change('1', { key: undefined })))
    expect(removals).toEqual([
      tags('users', 'users:1', 'users:2', 'users:3'),
      tags('billing.lines', 'billing.lines:7:a:b'),
      tags('users', 'users:*'),
    ])
  })

  test('what the map says besides; and everything when the map throws', async () => {
    const seen: string[] = []
    const { host, removals, feed } = rig({
      map: {
        users: ({ row }: Change<{ id: string }>) => {
          if (row?.id === '2') throw new Error('no such org')
          return { tags: ['org-7'], keys: ['k'] }
        },
        constructor: () => ['never'],
      },
    })
    feed.on('warning', ({ found }) => seen.push(found))
    await host.apply(batch(change('1')))
    await host.apply(batch(change('2')))
    expect(removals).toEqual([
      tags('users', 'users:1', 'org-7'),
      { kind: 'keys', keys: ['k'], soft: false },
      { kind: 'all' },
    ])
    expect(seen).toEqual(['`map.users` threw Error: no such org'])
  })

  test('everything, when a whole table changed or something was missed', async () => {
    const { host, removals } = rig()
    await host.apply({ changes: [change('1')], wholeTables: [{ schema: 'public', table: 'users' }] })
    await host.gap('lost')
    expect(removals).toEqual([{ kind: 'all' }, { kind: 'all' }])
  })

  test("a whole table's own tags alone, where every entry carries one; everything, where a map has more to remove", async () => {
    const { host, removals } = rig({ wholeTable: 'tags', map: { users: () => [] } })
    const whole = (table: string) => ({ changes: [], wholeTables: [{ schema: 'public', table }] })
    await host.apply({ ...whole('orders'), changes: [change('1')] })
    await host.apply(whole('users'))
    await host.gap('lost')
    expect(removals).toEqual([
      tags('orders', 'orders:*', 'users', 'users:1'),
      { kind: 'all' },
      { kind: 'all' },
    ])
    expect(() => rig({ wholeTable: 'row' as 'tags' })).toThrow('Expected `wholeTable`')
  })

  test('a gap is of the tables that the source names; of everything, where entries may not carry their tags', async () => {
    const tables = ['orders', 'lines'].map((table) => ({ schema: 'public', table }))
    const confined = rig({ wholeTable: 'tags' })
    await confined.host.gap('lost', tables)
    await confined.host.gap('lost', [])
    expect(confined.removals).toEqual([tags('orders', 'orders:*', 'lines', 'lines:*')])
    const mapped = rig({ wholeTable: 'tags', map: { lines: () => [] } })
    await mapped.host.gap('lost', tables)
    const plain = rig()
    await plain.host.gap('lost', tables)
    expect([mapped.removals, plain.removals]).toEqual([[{ kind: 'all' }], [{ kind: 'all' }]])
  })

  test('tags fit into the cache, whatever the key', () => {
    expect([tableTag('users'), rowTag('users', 42), rowTag('members', 7, 'ann'), anyRowTag('users')]).toEqual(
      ['users', 'users:42', 'members:7:ann', 'users:*'],
    )
    for (const key of ['x'.repeat(1_000), '\ud800']) {
      expect(rowTag('users', key)).toMatch(/^#[\w-]{43}$/)
      expect(rowTag('users', key)).not.toBe(rowTag('users', `${key}y`))
    }
    expect(tableTag('!odd')).toMatch(/^#/)
  })
})

describe('removals on their way', () => {
  test('what arrives while one is under way goes out together', async () => {
    const { host, removals } = rig()
    await Promise.all(Array.from({ length: 500 }, (_, i) => host.apply(batch(change(String(i))))))
    expect(removals.length).toBe(2)
  })

  test('what is not confirmed is sent again and holds up nothing', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { host, removals, answer } = rig()
    answer(async () => ({ confirmed: [], queued: ['redis'], durable: [], bus: 'queued' }))
    const settled: string[] = []
    void host.apply(batch(change('1'))).then(() => settled.push('first'))
    await vi.advanceTimersByTimeAsync(1)
    answer(async () => ({ confirmed: ['redis'], queued: [], durable: [], bus: 'sent' }))
    void host.apply(batch(change('2'))).then(() => settled.push('second'))
    await vi.advanceTimersByTimeAsync(1)
    expect(settled).toEqual(['second'])
    await vi.advanceTimersByTimeAsync(250)
    expect(settled).toEqual(['second', 'first'])
    expect(removals).toEqual([tags('users', 'users:1'), tags('users', 'users:2'), tags('users', 'users:1')])
  })

  test('a removal that the cache refuses becomes one of everything; memory stays bounded', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { host, removals, answer } = rig()
    answer(() => Promise.reject(new Error('no')))
    void host.apply(batch(change('1')))
    await vi.advanceTimersByTimeAsync(251)
    expect(removals.slice(0, 2)).toEqual([tags('users', 'users:1'), { kind: 'all' }])
    answer(async () => ({ confirmed: [], queued: ['redis'], durable: [], bus: 'none' }))
    const { length } = removals
    for (let i = 0; i < 30; i++)
      void host.apply(batch(...Array.from({ length: 1_000 }, (_, j) => change(`${i}-${j}`))))
    await vi.advanceTimersByTimeAsync(1)
    expect(removals.slice(length)).toContainEqual({ kind: 'all' })
  })
})

test('statistics tell the lag, and closing leaves nothing running', async () => {
  const { feed, host, answer } = rig()
  host.state('following')
  await feed.ready()
  host.lag(123)
  expect(feed.stats()).toMatchObject({ state: 'following', lagBytes: 123, lagMs: 0, changes: 0 })
  answer(() => new Promise(() => {}))
  void host.apply(batch(change('1')))
  await new Promise((done) => setImmediate(done))
  expect(feed.stats().lagMs).toBeGreaterThan(0)
  await feed.close()
  expect(feed.stats().state).toBe('stopped')
})

test('options are checked', () => {
  const source = { name: 'x', open: () => {}, close: async () => {} }
  const cache = { changed: async () => ({ confirmed: [], queued: [], durable: [], bus: 'none' as const }) }
  const make = (options: unknown) => () => changeFeed(options as ChangeFeedOptions)
  expect(make({ cache: {}, source })).toThrow(/^Expected `cache` to be a cache of `createCache`/)
  expect(make({ cache, source: 1 })).toThrow(/^Expected `source` to be a change source/)
  expect(make({ cache, source, maps: {} })).toThrow(/maps/)
  expect(make({ cache, source, map: { users: [] } })).toThrow(/^Expected `map.users` to be a function/)
})
