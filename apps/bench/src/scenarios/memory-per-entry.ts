import type { Contestant, Library } from '../library.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { bars, cell, ratioCell, rowsOf } from '../report/rows.ts'
import type { Results } from '../results.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'

const yardstick = 'lru-cache'

/** What an entry takes in memory: key, value, and all that the library keeps for it. */
export const memoryPerEntry: Scenario = {
  name: 'memory-per-entry',
  question: 'What does an entry take in memory?',
  contestants: [
    yardstick,
    'Map',
    'tierstack',
    'bentocache',
    'cacheable',
    'layered-loader',
    'async-cache-dedupe',
  ],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 1, full: 3 },
  warmUp: false,
  prepare: withoutServers,
  enter,
  report,
}

function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const count = at(level, 2_000, 100_000, 100_000)
  let round = 0
  const open = (entries: number) =>
    library.open({
      tiers: 'near',
      redisUrl,
      namespace: `bench${round++}`,
      maxEntries: entries,
      ttlMs: 3_600_000,
      load: (key) => Promise.resolve(smallRow(Number(key.slice(4)))),
    })
  return Promise.resolve({
    async play() {
      await rehearse(await open(5_000))
      // The caller keeps the keys, as far as the library doesn't copy them.
      const keys = Array.from({ length: count }, (_, i) => `row:${String(i).padStart(10, '0')}`)
      const bare = await bareValues(count)
      // Before it is opened: some make room for all entries then.
      const before = await held()
      const contestant = await open(count)
      for (const key of keys) await contestant.read(key)
      // Twice: what was read once may be remembered otherwise than what is read again.
      for (const key of keys) await contestant.read(key)
      const bytes = ((await held()) - before) / count
      const last = keys.at(-1) as string
      if (!isRowOf(await contestant.read(last), count - 1)) throw new Error(`${last} is not what was stored`)
      await contestant.close()
      return { entry: { bytes, overhead: bytes - bare } }
    },
    end: () => Promise.resolve(),
  })
}

/** What is compiled and remembered of the code itself is no entry's. */
async function rehearse(contestant: Contestant): Promise<void> {
  for (let pass = 0; pass < 2; pass++) for (let i = 0; i < 5_000; i++) await contestant.read(`row:${i}`)
  await contestant.close()
}

/** Bytes of a value by itself. */
async function bareValues(count: number): Promise<number> {
  const values = new Array<object>(count)
  const before = await held()
  for (let i = 0; i < count; i++) values[i] = smallRow(i)
  const bytes = ((await held()) - before) / count
  // Looked at last: what nobody uses any more is collected, though its variable is in sight.
  if (!values.every((value, i) => isRowOf(value, i))) throw new Error('the values are not what was made')
  return bytes
}

function smallRow(id: number): object {
  return { id, name: `row ${id}`, email: `row${id}@example.org`, score: id / 7, active: id % 2 === 0 }
}

function isRowOf(value: unknown, id: number): boolean {
  return (value as { id?: unknown } | undefined)?.id === id
}

const mostLooks = 10

/** When nothing becomes less any more: what was closed before is let go of in turns of the event loop, and in collections of its own. */
async function held(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let look = 0; look < mostLooks; look++) {
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    const now = heapUsed + external
    if (now >= least) break
    least = now
    await new Promise(setImmediate)
  }
  return least
}

function report(results: Results): Report {
  return {
    tables: [
      {
        title: 'Bytes per entry',
        note: 'Value of five fields included, key kept by the caller; in brackets the ratio to `lru-cache`. Then what of it is neither value nor key.',
        columns: ['', 'bytes', 'without the value'],
        rows: rowsOf(results, (name) => [
          ratioCell(results, name, 'entry', 'bytes', yardstick, ' B'),
          cell(results, name, 'entry', 'overhead', ' B'),
        ]),
      },
    ],
    charts: [
      {
        file: 'memory-per-entry',
        title: 'Bytes per entry',
        note: '100,000 rows of five fields',
        unit: 'B',
        better: 'less',
        panels: [{ title: '', bars: bars(results, 'entry', 'bytes', yardstick) }],
      },
    ],
    targets: [
      target(
        'memory per entry, to lru-cache',
        results.ratio('tierstack', 'entry', 'bytes', yardstick),
        '≤',
        1,
      ),
      target(
        'memory per entry without the value',
        results.value('tierstack', 'entry', 'overhead'),
        '≤',
        100,
        'B',
      ),
    ],
  }
}
