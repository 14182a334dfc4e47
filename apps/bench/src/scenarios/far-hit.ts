import type { Library } from '../library.ts'
import type { Results } from '../results.ts'
import { readLoop } from '../read-loop.ts'
import { bars, cell, ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Size } from '../rows.ts'
import { at } from '../scenario.ts'
import type { Metrics, Sample } from '../sample.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fillAll, keysOf, openWarm, settle } from '../warm-remote.ts'
import type { Warm } from '../warm-remote.ts'

const yardstick = 'ioredis, auto-pipelining'

interface Case {
  readonly name: string
  readonly size: Exclude<Size, '1 kB'>
  readonly callers: number
  /** Ms of the processor for which it is played before anything is measured: what is measured is compiled by then. */
  readonly rehearsal: number
  /** Has a target of its own: gets more of a quick run. */
  readonly targeted: boolean
}

const cases: readonly Case[] = [
  { name: '100 B, c 1', size: '100 B', callers: 1, rehearsal: 150, targeted: true },
  { name: '100 B, c 64', size: '100 B', callers: 64, rehearsal: 400, targeted: true },
  { name: '100 B, c 512', size: '100 B', callers: 512, rehearsal: 400, targeted: true },
  { name: '10 kB, c 1', size: '10 kB', callers: 1, rehearsal: 50, targeted: false },
  { name: '10 kB, c 64', size: '10 kB', callers: 64, rehearsal: 250, targeted: true },
  { name: '1 MB, c 1', size: '1 MB', callers: 1, rehearsal: 50, targeted: false },
  { name: '1 MB, c 8', size: '1 MB', callers: 8, rehearsal: 50, targeted: true },
]
const names = cases.map(({ name }) => name)

const keysFor: Readonly<Record<Exclude<Size, '1 kB'>, number>> = { '100 B': 5_000, '10 kB': 300, '1 MB': 4 }

/** What does a hit in Redis cost, where no memory tier is in front? */
export const farHit: Scenario = {
  name: 'far-hit',
  question: 'What does a hit in Redis cost?',
  contestants: [
    yardstick,
    'MGET by hand',
    'ioredis',
    'node-redis',
    'tierstack',
    'bentocache',
    'cacheable',
    'cache-manager',
    'layered-loader',
    'async-cache-dedupe',
    'cachified',
  ],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 4, full: 5 },
  warmUp: false,
  prepare: withRedis,
  enter: (library, place, level) => enterFarHit(library, place, level, names),
  report,
}

/** Reads of these cases. Every contestant has rehearsed them for the same time of the processor when it is ready. */
export async function enterFarHit(
  library: Library,
  { redisUrl }: Place,
  level: Level,
  chosen: readonly string[],
): Promise<Seat> {
  const filled = new Map<Size, { readonly warm: Warm; readonly keys: readonly string[] }>()
  for (const size of ['100 B', '10 kB', '1 MB'] as const) {
    const warm = await openWarm(library, { tiers: 'far', redisUrl, maxEntries: 10, size })
    filled.set(size, {
      warm,
      keys: keysOf(at(level, Math.min(50, keysFor[size]), keysFor[size], keysFor[size])),
    })
  }
  await fillAll([...filled.values()])
  const play = async (msOf: (kase: Case) => number): Promise<Sample> => {
    const sample: Record<string, Metrics> = {}
    for (const kase of cases.filter(({ name }) => chosen.includes(name))) {
      const { warm, keys } = filled.get(kase.size) as { warm: Warm; keys: readonly string[] }
      await settle(warm, keys)
      const { contestant, loads } = warm
      sample[kase.name] = await readLoop({ contestant, keys, callers: kase.callers, ms: msOf(kase), loads })
    }
    return sample
  }
  await play(({ rehearsal }) => rehearsal * at(level, 0, 1, 2))
  return {
    play: () => play(({ targeted }) => at(level, 5, targeted ? 40 : 10, 200)),
    async end() {
      for (const { warm } of filled.values()) await warm.contestant.close()
    },
  }
}

function report(results: Results): Report {
  const ours = (kase: string, metric: string) => results.ratio('tierstack', kase, metric, yardstick)
  return {
    tables: [
      {
        title: 'Hits in Redis, reads per second',
        note: `No memory tier in front. So many callers, each asking again at once; in brackets the ratio to ioredis with auto-pipelining and JSON in the same round. More is better. \`MGET by hand\` is the limit and no peer: the reads of a turn of the event loop as one MGET of ioredis, and JSON.parse; no tags, and nobody hears of removals. Spread of the rounds (quartiles) up to ${worstSpread(results, names, 'perSecond')}.`,
        columns: ['', ...names],
        rows: rowsOf(results, (name) =>
          names.map((kase) => ratioCell(results, name, kase, 'perSecond', yardstick)),
        ),
      },
      {
        title: 'CPU of the application per read, µs',
        note: 'The steadiest of the figures: neighbours on the machine hardly move it. Less is better.',
        columns: ['', ...names],
        rows: rowsOf(results, (name) =>
          names.map((kase) => ratioCell(results, name, kase, 'cpu', yardstick)),
        ),
      },
      {
        title: 'Latency, µs',
        note: 'As a caller sees it. The last column: reads at c 512 that were answered by the loader although Redis had the value, because it took too long to answer.',
        columns: [
          '',
          'c 1 p50',
          'c 1 p99',
          'c 64 p50',
          'c 64 p99',
          'c 512 p50',
          'c 512 p99',
          'loaded, per 1000',
        ],
        rows: rowsOf(results, (name) => [
          ratioCell(results, name, '100 B, c 1', 'p50', yardstick),
          cell(results, name, '100 B, c 1', 'p99'),
          cell(results, name, '100 B, c 64', 'p50'),
          cell(results, name, '100 B, c 64', 'p99'),
          cell(results, name, '100 B, c 512', 'p50'),
          cell(results, name, '100 B, c 512', 'p99'),
          cell(results, name, '100 B, c 512', 'loaded'),
        ]),
      },
    ],
    charts: [
      {
        file: 'far-hit',
        title: 'Hits in Redis, thousand reads per second',
        note: 'Values of 100 B, no memory tier in front',
        unit: 'k/s',
        better: 'more',
        panels: [64, 512].map((callers) => ({
          title: `${callers} callers`,
          bars: bars(results, `100 B, c ${callers}`, 'perSecond', yardstick, 1 / 1_000),
        })),
      },
    ],
    targets: [
      target('throughput, 64 callers, to auto-pipelined ioredis', ours('100 B, c 64', 'perSecond'), '≥', 2),
      target('throughput, 512 callers', ours('100 B, c 512', 'perSecond'), '≥', 3),
      target('application CPU per read, 64 callers', ours('100 B, c 64', 'cpu'), '≤', 0.45),
      target('application CPU per read, 512 callers', ours('100 B, c 512', 'cpu'), '≤', 0.35),
      target('p50 of one caller', ours('100 B, c 1', 'p50'), '≤', 0.8),
      target(
        'throughput at 10 kB, 64 callers, to a client with JSON',
        ours('10 kB, c 64', 'perSecond'),
        '≥',
        1.5,
      ),
      target(
        'throughput at 1 MB, 8 callers, to a client with JSON',
        ours('1 MB, c 8', 'perSecond'),
        '≥',
        1.5,
      ),
    ],
  }
}
