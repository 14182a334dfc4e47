import { setTimeout as sleep } from 'node:timers/promises'
import type { Library } from '../library.ts'
import { median, percentile } from '../statistics.ts'
import type { Results } from '../results.ts'
import { bars, cell, rowsOf } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { idOf, valueOf } from '../rows.ts'
import type { Metrics, Sample } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Order, Part, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { sharedNow } from '../shared-time.ts'
import { isRow, namespaceOf } from '../warm-remote.ts'

const loadMs = 50
/** From one stampede to the next: the query, its answer to all, and what goes on behind. */
const apart = 130
const yardstick = 'ioredis, auto-pipelining'

const parts: readonly Part[] = [
  { name: '1 × 1000', processes: 1 },
  { name: '1 × 250', processes: 1, warmUp: false },
  { name: '4 × 250', processes: 4 },
]

/** Many callers, in one process or in four, ask for one key that nobody has. The query takes 50 ms. */
export const stampede: Scenario = {
  name: 'stampede',
  question: 'What happens when many ask at once for what nobody has?',
  contestants: [
    yardstick,
    'tierstack',
    'bentocache',
    'cacheable',
    'cache-manager',
    'layered-loader',
    'async-cache-dedupe',
    'cachified',
  ],
  parts,
  rounds: { trial: 1, quick: 1, full: 5 },
  prepare: withRedis,
  enter,
  merge,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  let loads = 0
  const contestant = await library.open({
    tiers: library.tiers.includes('both') ? 'both' : 'far',
    redisUrl,
    namespace: namespaceOf('stampede', library.name),
    maxEntries: 1_000,
    ttlMs: 3_600_000,
    load: async (key) => {
      loads++
      await sleep(loadMs)
      return valueOf(idOf(key), '100 B')
    },
  })
  const repeats = at(level, 1, 2, 5)
  /** All callers of this process ask for a cold key at the same moment. */
  const rush = async (key: string, callers: number, moment: number) => {
    loads = 0
    await sleep(Math.max(0, moment - sharedNow() - 2))
    // Timers are late by more than a process needs.
    while (sharedNow() < moment);
    const times = await Promise.all(
      Array.from({ length: callers }, async () => {
        const began = performance.now()
        const answer = await contestant.read(key)
        if (!isRow(key, answer)) throw new Error(`wrong answer for ${key}`)
        return performance.now() - began
      }),
    )
    return { loads, p99: percentile(times, 0.99) }
  }
  // Connections, and what is compiled at the first call.
  await contestant.read(`row:${9_000_000 + process.pid}`)
  await sleep(300)
  return {
    async play({ round, part, at: moment }: Order): Promise<Sample> {
      const first = (round * 10 + parts.findIndex(({ name }) => name === part)) * 100
      const callers = part === '1 × 1000' ? 1_000 : 250
      const rushes: { readonly loads: number; readonly p99: number }[] = []
      for (let i = 0; i < (round === 0 ? 1 : repeats); i++)
        rushes.push(await rush(`row:${first + i}`, callers, moment + i * apart))
      await sleep(100)
      return { [part]: Object.assign({}, ...rushes.map(numbered)) as Metrics }
    },
    end: () => contestant.close(),
  }
}

function numbered({ loads, p99 }: { readonly loads: number; readonly p99: number }, i: number): Metrics {
  return { [`loads ${i}`]: loads, [`p99 ${i}`]: p99 }
}

/** Of each stampede the loads of all processes and the wait of the worst; of all of them the most loads, and the median wait. */
function merge(samples: readonly Sample[], part: Part): Sample {
  const own = samples.map((sample) => sample[part.name] as Metrics)
  const loads: number[] = []
  const waits: number[] = []
  for (let i = 0; own[0]?.[`p99 ${i}`] !== undefined; i++) {
    loads.push(own.reduce((sum, metrics) => sum + (metrics[`loads ${i}`] as number), 0))
    waits.push(Math.max(...own.map((metrics) => metrics[`p99 ${i}`] as number)))
  }
  return { [part.name]: { loads: Math.max(...loads), p99: median(waits) } }
}

function worstLoads(results: Results, name: string, kase: string): number {
  const played = results.contestants.find((one) => one.name === name)
  return Math.max(...(played?.samples ?? []).map((sample) => sample[kase]?.['loads'] ?? 0))
}

function report(results: Results): Report {
  const names = parts.map(({ name }) => name)
  return {
    tables: [
      {
        title: 'One cold key, many callers',
        note: `Processes × callers; the query takes ${loadMs} ms. Queries made (most of several stampedes, median of the rounds; the worst round in brackets where it differs), then the p99 of the callers' wait in ms, in the worst of the processes, median of the stampedes.`,
        columns: ['', ...names.flatMap((name) => [`${name}: queries`, `${name}: p99 ms`])],
        rows: rowsOf(results, (name) =>
          names.flatMap((kase) => {
            const loads = cell(results, name, kase, 'loads')
            const worst = worstLoads(results, name, kase)
            const differs = results.has(name, kase, 'loads') && worst !== results.value(name, kase, 'loads')
            return [differs ? `${loads} (${worst})` : loads, cell(results, name, kase, 'p99')]
          }),
        ),
      },
    ],
    charts: [
      {
        file: 'stampede',
        title: 'Queries for one cold key',
        note: 'Four processes, 250 callers each, at once',
        unit: '',
        better: 'less',
        log: true,
        panels: [{ title: '', bars: bars(results, '4 × 250', 'loads', yardstick) }],
      },
    ],
    targets: [
      target(
        'queries of 4 processes × 250 callers, worst round',
        worstLoads(results, 'tierstack', '4 × 250'),
        '=',
        1,
        '',
      ),
      target(
        'p99 of 4 × 250 to that of one process',
        results.value('tierstack', '4 × 250', 'p99') / results.value('tierstack', '1 × 250', 'p99'),
        '≤',
        1.15,
      ),
    ],
  }
}
