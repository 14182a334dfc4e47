import type { Library } from '../library.ts'
import { readLoop } from '../read-loop.ts'
import { ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Results } from '../results.ts'
import type { Metrics } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Order, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fill, keysOf, openWarm } from '../warm-remote.ts'

const yardstick = 'tierstack'
const sealed = 'with encryption'
const cases = [
  { name: '1 kB, c 1', callers: 1 },
  { name: '1 kB, c 64', callers: 64 },
] as const
const names = cases.map(({ name }) => name)

/** A hit in Redis where no memory tier is in front, with values sealed and without. */
export const encryption: Scenario = {
  name: 'encryption',
  question: 'What does it cost that values in Redis are sealed?',
  contestants: [yardstick, sealed],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 3, full: 9 },
  prepare: withRedis,
  enter,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const warm = await openWarm(library, {
    tiers: 'far',
    redisUrl,
    maxEntries: 10,
    size: '1 kB',
  })
  const keys = keysOf(at(level, 50, 2_000, 5_000))
  await fill(warm, keys)
  const ms = at(level, 5, 300, 600)
  return {
    async play({ round }: Order) {
      const sample: Record<string, Metrics> = {}
      for (const { name, callers } of cases) {
        sample[name] = await readLoop({
          contestant: warm.contestant,
          keys,
          callers,
          // What is measured is compiled by then.
          ms: round === 0 ? ms * 3 : ms,
          loads: warm.loads,
        })
      }
      return sample
    },
    end: () => warm.contestant.close(),
  }
}

function report(results: Results): Report {
  const cells = (name: string, metric: string) =>
    names.map((kase) => ratioCell(results, name, kase, metric, yardstick))
  return {
    tables: [
      {
        title: 'Sealed values: a hit in Redis of 1 kB',
        note: `No memory tier in front; one caller, and 64 who each ask again at once. In brackets the ratio to the same without encryption, in the same round. Spread of the rounds (quartiles) up to ${worstSpread(results, names, 'cpu')}.`,
        columns: [
          '',
          ...['p50, µs', 'CPU of the application, µs', 'reads per second'].flatMap((metric) =>
            names.map((kase) => `${kase}: ${metric}`),
          ),
        ],
        rows: rowsOf(results, (name) => [
          ...cells(name, 'p50'),
          ...cells(name, 'cpu'),
          ...cells(name, 'perSecond'),
        ]),
      },
    ],
    charts: [],
    targets: [
      target('time of a hit, one caller', results.ratio(sealed, '1 kB, c 1', 'p50', yardstick), '≤', 1.3),
      target('time of a hit, 64 callers', results.ratio(sealed, '1 kB, c 64', 'p50', yardstick), '≤', 1.3),
      target(
        'application CPU per hit, one caller',
        results.ratio(sealed, '1 kB, c 1', 'cpu', yardstick),
        '≤',
        1.3,
      ),
      target(
        'application CPU per hit, 64 callers',
        results.ratio(sealed, '1 kB, c 64', 'cpu', yardstick),
        '≤',
        1.3,
      ),
    ],
  }
}
