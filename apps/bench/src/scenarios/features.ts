import { closedLoop } from '../closed-loop.ts'
import type { Library } from '../library.ts'
import type { Results } from '../results.ts'
import { readLoop } from '../read-loop.ts'
import { readsInTurn } from '../reads-in-turn.ts'
import { ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Metrics } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fill, isRow, keysOf, openWarm } from '../warm-remote.ts'
import { zipfRanks } from '../zipf.ts'

const yardstick = 'tierstack'
const cases = ['in memory', 'in Redis', 'loaded'] as const

/** Ours with one thing switched on, beside ours as it is. */
export const featureCost: Scenario = {
  name: 'features',
  question: 'What does each feature cost that is switched on?',
  contestants: [
    yardstick,
    'with 3 tags',
    'with listeners',
    'with metrics',
    'with tags and metrics',
    'with tracing',
    'with JSON',
  ],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 4, full: 7 },
  prepare: withRedis,
  enter,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const o = { redisUrl, maxEntries: 200_000, size: '100 B' } as const
  const keys = keysOf(at(level, 200, 2_000, 5_000))
  const near = await openWarm(library, { ...o, tiers: 'near' })
  const far = await openWarm(library, { ...o, tiers: 'far' })
  const both = await openWarm(library, { ...o, tiers: 'both' })
  await fill(near, keys)
  await fill(far, keys)
  const ranks = zipfRanks(keys.length, 0.99, at(level, 1_000, 50_000, 200_000), 1)
  const zipf = Array.from(ranks, (rank) => keys[rank] as string)
  const ms = at(level, 5, 60, 250)
  let loaded = 0
  return {
    async play() {
      const sample: Record<string, Metrics> = {}
      const hit = await readsInTurn(near.contestant, 'read', { keys: zipf, built: false, right: isRow })
      sample['in memory'] = { cost: hit['ns'] as number, bytes: hit['bytes'] as number }
      const read = await readLoop({ contestant: far.contestant, keys, callers: 64, ms })
      sample['in Redis'] = { cost: (read['cpu'] as number) * 1_000, perSecond: read['perSecond'] as number }
      const load = await closedLoop({
        callers: 64,
        ms,
        next: () => `row:${loaded++}`,
        call: (key) => both.contestant.read(key),
        right: isRow,
      })
      sample['loaded'] = { cost: (load['cpu'] as number) * 1_000, perSecond: load['perSecond'] as number }
      return sample
    },
    async end() {
      for (const { contestant } of [near, far, both]) await contestant.close()
    },
  }
}

function report(results: Results): Report {
  return {
    tables: [
      {
        title: 'Cost of a feature',
        note: `An awaited hit in memory (ns); a hit in Redis and a load that is stored in memory and Redis (CPU of the application, ns, 64 callers). In brackets the ratio to ours as it is, in the same round. Spread up to ${worstSpread(results, cases, 'cost')}.`,
        columns: ['', ...cases],
        rows: rowsOf(results, (name) =>
          cases.map((kase) => ratioCell(results, name, kase, 'cost', yardstick)),
        ),
      },
    ],
    charts: [],
    targets: ['with 3 tags', 'with listeners', 'with metrics', 'with tags and metrics', 'with tracing'].map(
      (name) =>
        target(`a hit in memory ${name}`, results.ratio(name, 'in memory', 'cost', yardstick), '≤', 1.2),
    ),
  }
}
