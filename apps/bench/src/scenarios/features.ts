import { closedLoop } from '../closed-loop.ts'
import type { Library } from '../library.ts'
import type { Results } from '../results.ts'
import { readLoop } from '../read-loop.ts'
import { readsInTurn } from '../reads-in-turn.ts'
import { ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Metrics, Sample } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fill, isRow, keysOf, openWarm, settle } from '../warm-remote.ts'
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
  warmUp: false,
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
  let loaded = 0
  const play = async (ms: number): Promise<Sample> => {
    const hit = await readsInTurn(near.contestant, 'read', { keys: zipf, built: false, right: isRow })
    await settle(far, keys)
    const read = await readLoop({ contestant: far.contestant, keys, callers: 64, ms, loads: far.loads })
    const load = await closedLoop({
      callers: 64,
      ms,
      next: () => `row:${loaded++}`,
      call: (key) => both.contestant.read(key),
      right: isRow,
    })
    return {
      'in memory': { cost: hit['ns'] as number, bytes: hit['bytes'] as number },
      'in Redis': inNanoseconds(read),
      loaded: inNanoseconds(load),
    }
  }
  // What is measured is compiled by then: every contestant rehearses for the same time of the processor.
  await play(at(level, 0, 400, 800))
  return {
    play: () => play(at(level, 5, 60, 250)),
    async end() {
      for (const { contestant } of [near, far, both]) await contestant.close()
    },
  }
}

/** Nothing where loads were measured instead of hits. */
function inNanoseconds({ cpu, perSecond }: Metrics): Metrics {
  return cpu === undefined || perSecond === undefined ? {} : { cost: cpu * 1_000, perSecond }
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
