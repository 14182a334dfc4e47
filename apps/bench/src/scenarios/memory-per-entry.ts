import type { Library } from '../library.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { bars, ratioCell, rowsOf } from '../report/rows.ts'
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
  prepare: withoutServers,
  enter,
  report,
}

function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const count = at(level, 2_000, 100_000, 100_000)
  let round = 0
  return Promise.resolve({
    async play() {
      // The caller keeps the keys, as far as the library doesn't copy them.
      const keys = Array.from({ length: count }, (_, i) => `row:${String(i).padStart(10, '0')}`)
      // Before it is opened: some make room for all entries then.
      const before = held()
      const contestant = await library.open({
        tiers: 'near',
        redisUrl,
        namespace: `bench${round++}`,
        maxEntries: count,
        ttlMs: 3_600_000,
        load: (key) => Promise.resolve(smallRow(Number(key.slice(4)))),
      })
      for (const key of keys) await contestant.read(key)
      // Twice: what was read once may be remembered otherwise than what is read again.
      for (const key of keys) await contestant.read(key)
      const bytes = (held() - before) / count
      const last = keys.at(-1) as string
      if (!isRowOf(await contestant.read(last), count - 1)) throw new Error(`${last} is not what was stored`)
      await contestant.close()
      return { entry: { bytes } }
    },
    end: () => Promise.resolve(),
  })
}

function smallRow(id: number): object {
  return { id, name: `row ${id}`, email: `row${id}@example.org`, score: id / 7, active: id % 2 === 0 }
}

function isRowOf(value: unknown, id: number): boolean {
  return (value as { id?: unknown } | undefined)?.id === id
}

function held(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function report(results: Results): Report {
  return {
    tables: [
      {
        title: 'Bytes per entry',
        note: 'Value of five fields included, key kept by the caller; in brackets the ratio to `lru-cache`.',
        columns: ['', 'bytes'],
        rows: rowsOf(results, (name) => [ratioCell(results, name, 'entry', 'bytes', yardstick, ' B')]),
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
    ],
  }
}
