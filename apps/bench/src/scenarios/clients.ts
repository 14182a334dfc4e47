import type { Results } from '../results.ts'
import { bars, ratioCell, rowsOf } from '../report/rows.ts'
import type { Report } from '../report/report.ts'
import type { Scenario } from '../scenario.ts'
import { enterFarHit, farHit } from './far-hit.ts'

const yardstick = 'ioredis, auto-pipelining'
const cases = ['100 B, c 1', '100 B, c 64', '100 B, c 512', '10 kB, c 64', '1 MB, c 8']

/** The same reads as `far-hit`, over each client: raw, and under our Redis tier. */
export const clients: Scenario = {
  ...farHit,
  name: 'clients',
  question: 'Which Redis client carries the reads best?',
  contestants: [
    yardstick,
    'ioredis',
    'iovalkey',
    'node-redis',
    'node-redis, no timeout',
    'tierstack',
    'over iovalkey',
    'over node-redis',
  ],
  rounds: { trial: 1, quick: 3, full: 5 },
  enter: (library, place, level) => enterFarHit(library, place, level, cases),
  report,
}

function report(results: Results): Report {
  return {
    tables: [
      {
        title: 'Reads per second, raw and under the Redis tier',
        note: `No memory tier in front; in brackets the ratio to ${yardstick}. \`tierstack\` is the default, over ioredis.`,
        columns: ['', ...cases],
        rows: rowsOf(results, (name) =>
          cases.map((kase) => ratioCell(results, name, kase, 'perSecond', yardstick)),
        ),
      },
      {
        title: 'CPU of the application per read, µs',
        note: 'Less is better.',
        columns: ['', ...cases],
        rows: rowsOf(results, (name) =>
          cases.map((kase) => ratioCell(results, name, kase, 'cpu', yardstick)),
        ),
      },
    ],
    charts: [
      {
        file: 'clients',
        title: 'Hits in Redis by client, thousand reads per second',
        note: 'Values of 100 B; green: under our Redis tier',
        unit: 'k/s',
        better: 'more',
        panels: [
          { title: '64 callers', bars: bars(results, '100 B, c 64', 'perSecond', yardstick, 1 / 1_000) },
        ],
      },
    ],
    targets: [],
  }
}
