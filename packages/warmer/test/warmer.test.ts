import { describe, expect, test } from 'vitest'
import { createWarmer, fromKeys, warm } from '../src/index.ts'
import type { Leader, RunReport } from '../src/index.ts'
import { numbers, rig } from './rig.ts'

/** A lead that tests hand around. */
function leaders() {
  let holder: string | undefined
  const as = (name: string): Leader => ({
    lead: async () => {
      holder ??= name
      return holder === name
    },
    resign: async () => {
      if (holder === name) holder = undefined
    },
  })
  return { as, give: (name: string) => (holder = name), holder: () => holder }
}

test('a run reports each task: loaded, skipped, errors with their keys', async () => {
  await using node = rig()
  const error = new Error('no such row')
  const bad = node.cache.define<number, string>({
    name: 'bad',
    load: (id) => {
      if (id === 1) throw error
      return `bad ${id}`
    },
  })
  await node.row(0)
  const warmer = createWarmer({
    tasks: [warm('rows', node.row, fromKeys(numbers(10))), warm('bad', bad, fromKeys([0, 1, 2]))],
    clock: node.clock,
  })
  const report = await warmer.runOnce()
  expect(report).toMatchObject({ elsewhere: false, cancelled: false })
  expect(report.tasks).toMatchObject([
    { name: 'rows', loaded: 9, skipped: 1, errors: [], failure: undefined },
    { name: 'bad', loaded: 2, skipped: 0, errors: [{ key: bad.keyFor(1), error }], failure: undefined },
  ])
  expect(node.row.peek(7)).toBe('row 7')
})

test('a source that fails stops no other task, and what it brought before is warm', async () => {
  await using node = rig()
  const broken = new Error('the query failed')
  async function* half() {
    yield* numbers(5)
    throw broken
  }
  const other = node.cache.define<number, string>({ name: 'other', load: (id) => `other ${id}` })
  const warmer = createWarmer({
    tasks: [
      warm('query', other, () => Promise.reject(broken)),
      warm('half', node.row, half),
      warm('fine', other, fromKeys([1, 2])),
    ],
    batch: 2,
    clock: node.clock,
  })
  const { tasks } = await warmer.runOnce()
  expect(tasks.map(({ name, failure }) => [name, failure])).toEqual([
    ['query', broken],
    ['half', broken],
    ['fine', undefined],
  ])
  expect(node.row.peek(3)).toBe('row 3')
  expect(other.peek(2)).toBe('other 2')
})

test('a signal ends a run; what is loaded by then stays', async () => {
  await using node = rig()
  const controller = new AbortController()
  function* keys() {
    for (const id of numbers(100)) {
      if (id === 10) controller.abort(new Error('enough'))
      yield id
    }
  }
  const warmer = createWarmer({
    tasks: [warm('rows', node.row, fromKeys(keys)), warm('later', node.row, fromKeys([500]))],
    parallel: 1,
    batch: 5,
    clock: node.clock,
  })
  const report = await warmer.runOnce({ signal: controller.signal })
  expect(report.cancelled).toBe(true)
  expect(node.row.peek(3)).toBe('row 3')
  expect(node.row.peek(50)).toBeUndefined()
  expect(node.row.peek(500)).toBeUndefined()
})

test('of two processes, the leader warms; when it is done, the other may', async () => {
  await using node = rig()
  const { as, holder } = leaders()
  const make = (name: string) =>
    createWarmer({ tasks: [warm('rows', node.row, fromKeys([1]))], leader: as(name), clock: node.clock })
  const [first, second] = await Promise.all([make('a').runOnce(), make('b').runOnce()])
  expect([first, second].map(({ elsewhere }) => elsewhere)).toEqual([false, true])
  expect(holder()).toBeUndefined()
  expect(await make('b').runOnce()).toMatchObject({ elsewhere: false })
})

test('who loses the lead in the middle stops', async () => {
  const waiting: (() => void)[] = []
  await using node = rig({ loadMany: undefined as never })
  const slow = node.cache.define<number, string>({
    name: 'slow',
    load: async (id) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return `row ${id}`
    },
  })
  const { as, give } = leaders()
  const warmer = createWarmer({
    tasks: [warm('rows', slow, fromKeys(numbers(100)))],
    leader: as('a'),
    hold: '3s',
    concurrency: 1,
    clock: node.clock,
  })
  const running = warmer.runOnce()
  await node.clock.settle()
  give('b')
  await node.clock.advance(1_500)
  for (const go of waiting) go()
  expect(await running).toMatchObject({ cancelled: true })
})

describe('a leader that does not answer', () => {
  /** Rows that load when they are told to, warmed under a leader whose answers are given by hand. */
  function held(node: ReturnType<typeof rig>) {
    const asked: ((has: boolean) => void)[] = []
    const loads: (() => void)[] = []
    const resigned: string[] = []
    const slow = node.cache.define<number, string>({
      name: 'slow',
      load: async (id) => {
        await new Promise<void>((resolve) => loads.push(resolve))
        return `row ${id}`
      },
      timeouts: { hard: '1h' },
    })
    const warmer = createWarmer({
      tasks: [warm('rows', slow, fromKeys(numbers(100)))],
      leader: {
        lead: () => new Promise((resolve) => asked.push(resolve)),
        resign: (name) => {
          resigned.push(name)
          return new Promise(() => {})
        },
      },
      hold: '3s',
      concurrency: 1,
      clock: node.clock,
    })
    return { asked, loads, resigned, warmer }
  }

  test('is not waited for, and what it says later is given back', async () => {
    await using node = rig({ loadMany: undefined as never })
    const { asked, resigned, warmer } = held(node)
    const running = warmer.runOnce()
    await node.clock.advance(1_000)
    expect(await running).toMatchObject({ tasks: [], elsewhere: true, cancelled: false })
    expect(resigned).toEqual([])
    asked[0]?.(true)
    await node.clock.settle()
    expect(resigned).toEqual(['warmer'])
  })

  test('is not waited for by a run that is cancelled', async () => {
    await using node = rig({ loadMany: undefined as never })
    const { warmer } = held(node)
    const stop = new AbortController()
    const running = warmer.runOnce({ signal: stop.signal })
    await node.clock.settle()
    stop.abort()
    expect(await running).toMatchObject({ tasks: [], elsewhere: false, cancelled: true })
  })

  test('ends the run before another may have the lead, and not its giving back', async () => {
    await using node = rig({ loadMany: undefined as never })
    const { asked, loads, resigned, warmer } = held(node)
    const running = warmer.runOnce()
    await node.clock.settle()
    asked[0]?.(true)
    await node.clock.advance(2_900)
    expect(loads).toHaveLength(1)
    await node.clock.advance(100)
    for (const go of loads) go()
    await node.clock.advance(1_000)
    expect(await running).toMatchObject({ cancelled: true })
    expect(resigned).toEqual(['warmer'])
    expect(loads).toHaveLength(1)
  })
})

test('an interval begins with a run, waits between the ends and the beginnings, and is spread by jitter', async () => {
  await using node = rig()
  const reports: RunReport[] = []
  const warmer = createWarmer({
    tasks: [warm('rows', node.row, fromKeys([1]))],
    clock: node.clock,
    random: () => 0.5,
  })
  const stop = warmer.every('10s', { jitter: '4s', done: (report) => reports.push(report) })
  await node.clock.advance(1_900)
  expect(reports).toHaveLength(0)
  await node.clock.advance(200)
  expect(reports).toHaveLength(1)
  await node.clock.advance(12_000)
  expect(reports).toHaveLength(2)
  stop()
  await node.clock.advance(60_000)
  expect(reports).toHaveLength(2)
})

test('a cron expression that can not be meant is refused at once', async () => {
  await using node = rig()
  const warmer = createWarmer({ tasks: [warm('rows', node.row, fromKeys([1]))] })
  expect(() => warmer.cron('every now and then')).toThrow(/./)
  warmer.cron('0 3 * * *')()
  // Otherwise nobody would be there to hear of it.
  for (const start of [
    () => warmer.cron('0 3 * * *', { jitter: 'soon' as '1s' }),
    () => warmer.every('1s', { jitter: 'soon' as '1s' }),
  ])
    expect(start).toThrow('Expected `jitter` to be')
})

test('progress is told by task', async () => {
  await using node = rig()
  const seen: string[] = []
  const warmer = createWarmer({
    tasks: [warm('rows', node.row, fromKeys(numbers(6)))],
    batch: 3,
    concurrency: 1,
    clock: node.clock,
  })
  await warmer.runOnce({ progress: ({ name, loaded }) => seen.push(`${name} ${loaded}`) })
  expect(seen).toEqual(['rows 3', 'rows 6'])
  const fails = () => {
    throw new Error('a listener that fails')
  }
  const { tasks } = await warmer.runOnce({ progress: fails })
  expect(tasks[0]).toMatchObject({ skipped: 6, failure: undefined })
  // A rejection that nobody hears would end the process.
  const rejects: () => unknown = () => Promise.reject(new Error('a listener that fails later'))
  const again = await warmer.runOnce({ progress: rejects })
  expect(again.tasks[0]).toMatchObject({ skipped: 6, failure: undefined })
})

test('wrong options are refused in one sentence', async () => {
  await using node = rig()
  const task = warm('rows', node.row, fromKeys([1]))
  expect(() => createWarmer({ tasks: [] })).toThrow('Expected `tasks` to be a list of at least one task')
  expect(() => createWarmer({ tasks: [task, task] })).toThrow('Expected `tasks` to be of different names')
  expect(() => createWarmer({ tasks: [task], parallel: 0 })).toThrow('Expected `parallel` to be')
  expect(() => createWarmer({ tasks: [task], rate: -1 })).toThrow('Expected `rate` to be')
})
