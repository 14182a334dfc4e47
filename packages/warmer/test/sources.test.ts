import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@tierstack/cache-testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createWarmer, fromSql, hotKeys, snapshot, warm } from '../src/index.ts'
import { SpaceSaving } from '../src/space-saving.ts'
import { numbers, rig } from './rig.ts'

describe('a sketch of what is read', () => {
  test('finds the frequent among many, whose counts are too high by at most seen / capacity', () => {
    const sketch = new SpaceSaving(100)
    const random = seededRandom(7)
    const truth = new Map<string, number>()
    for (let i = 0; i < 50_000; i++) {
      const name = String(Math.floor(2_000 * random.next() ** 4))
      truth.set(name, (truth.get(name) ?? 0) + 1)
      sketch.add(name)
    }
    const top = sketch.top(100)
    for (const { name, count, error } of top) {
      const real = truth.get(name) ?? 0
      expect(count).toBeGreaterThanOrEqual(real)
      expect(count - error).toBeLessThanOrEqual(real)
      expect(count - real).toBeLessThanOrEqual(sketch.seen / 100)
    }
    const named = new Set(top.map(({ name }) => name))
    const frequent = [...truth].filter(([, count]) => count > sketch.seen / 100)
    expect(frequent.length).toBeGreaterThan(5)
    for (const [name] of frequent) expect(named).toContain(name)
  })

  test('what was frequent long ago gives way', () => {
    const sketch = new SpaceSaving(2)
    for (let i = 0; i < 100; i++) sketch.add('old')
    for (let i = 0; i < 8; i++) sketch.age()
    for (const name of ['new', 'new', 'newer', 'newer', 'newer']) sketch.add(name)
    expect(sketch.top(1)[0]?.name).not.toBe('old')
  })

  test('is a source of the most read inputs of its definition', async () => {
    await using node = rig()
    const other = node.cache.define<string, string>({ name: 'other', load: (name) => name })
    const hot = hotKeys(node.cache, node.row, { limit: 2 })
    for (const [id, times] of [
      [1, 2],
      [2, 5],
      [3, 4],
    ] as const) {
      for (let i = 0; i < times; i++) await node.row(id)
    }
    for (let i = 0; i < 9; i++) await other('n2')
    expect(hot.top(3)).toEqual([2, 3, 1])
    await node.cache.clear()
    node.loads.length = 0
    await createWarmer({ tasks: [warm('hot', node.row, hot.source)] }).runOnce()
    expect(node.loads).toEqual([2, 3])
    hot.stop()
    for (let i = 0; i < 9; i++) await node.row(1)
    expect(hot.top(1)).toEqual([2])
  })

  test('of a definition with a `key` of its own, it asks for the way back', async () => {
    await using node = rig()
    const cached = node.cache.define<{ readonly id: number }, string>({
      name: 'keyed',
      key: ({ id }) => id ?? 0,
      load: ({ id }) => `row ${id}`,
    })
    expect(() => hotKeys(node.cache, cached)).toThrow('Expected `inputOf` to be given')
    const back = (key: string) => ({ id: Number(key.split(':n')[1]) })
    const hot = hotKeys(node.cache, cached, { inputOf: back })
    await cached({ id: 7 })
    expect(hot.top(1)).toEqual([{ id: 7 }])
  })
})

describe('a snapshot of the local tier', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snapshot-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('holds keys, no values; restored, every row is asked for anew', async () => {
    await using before = rig()
    const path = join(folder, 'keys.json')
    await before.row.many(numbers(20))
    expect(await snapshot(before.near, before.row, { path }).save()).toBe(20)
    expect(await readFile(path, 'utf8')).not.toContain('row 7')
    expect((await stat(path)).mode & 0o777).toBe(0o600)

    await using after = rig({ loadMany: (ids) => Promise.resolve(ids.map((id) => `changed ${id}`)) })
    const task = warm('snapshot', after.row, snapshot(after.near, after.row, { path }).source)
    const { tasks } = await createWarmer({ tasks: [task] }).runOnce()
    expect(tasks[0]).toMatchObject({ loaded: 20, failure: undefined })
    expect(after.row.peek(7)).toBe('changed 7')
  })

  test('may be saved by several at once', async () => {
    await using node = rig()
    const path = join(folder, 'keys.json')
    await node.row.many(numbers(20))
    const kept = snapshot(node.near, node.row, { path })
    expect(await Promise.all([kept.save(), kept.save(), kept.save()])).toEqual([20, 20, 20])
    expect(await readdir(folder)).toEqual(['keys.json'])
    expect(await kept.source({ signal: new AbortController().signal })).toHaveLength(20)
  })

  test('keys that stand for no input are left out, the others come', async () => {
    await using node = rig()
    const path = join(folder, 'keys.json')
    const { source } = snapshot(node.near, node.row, { path })
    const whole = node.row.keyFor(7)
    const start = whole.slice(0, -2)
    const keys = [
      whole,
      `${start}nseven`,
      `${start}iseven`,
      `${start}n07`,
      `${start}tx`,
      `other:${whole}`,
      '',
      start,
    ]
    await writeFile(path, JSON.stringify({ format: 'tierstack-keys-1', keys }))
    expect(await source({ signal: new AbortController().signal })).toEqual([7])
  })

  test('a file that is missing, cut off or something else is a cold start', async () => {
    await using node = rig()
    const path = join(folder, 'keys.json')
    const { source } = snapshot(node.near, node.row, { path })
    const signal = new AbortController().signal
    expect(await source({ signal })).toEqual([])
    for (const text of [
      '{"format":"tierstack-keys-1","keys":["#ro',
      '[1]',
      '{"format":"other","keys":["x"]}',
    ]) {
      await writeFile(path, text)
      expect(await source({ signal })).toEqual([])
    }
  })
})

test('rows of a query become inputs: the first column, or what is made of a row', async () => {
  const client = {
    query: (text: string, values: unknown[]) =>
      Promise.resolve({
        rows: [
          { id: 1, text, values },
          { id: 2, text, values },
        ],
      }),
  }
  const signal = new AbortController().signal
  expect(await fromSql({ client, text: 'SELECT 1' })({ signal })).toEqual([1, 2])
  const values = [5]
  const input = (row: { readonly id: number; readonly values: number[] }) => `${row.id}/${row.values[0]}`
  expect(await fromSql({ client, text: 'SELECT 1', values, input })({ signal })).toEqual(['1/5', '2/5'])
})
