import type { Contestant, Library } from '../library.ts'
import type { Results } from '../results.ts'
import { readLoop } from '../read-loop.ts'
import { bars, cell, ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { at } from '../scenario.ts'
import type { Metrics, Sample } from '../sample.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fill, isRow, keysOf, openWarm } from '../warm-remote.ts'

const yardstick = 'ioredis, auto-pipelining'
const concurrencies = [1, 64, 512] as const
const names = concurrencies.map((callers) => `c ${callers}`)

/** A process that has just started, in front of a Redis that has everything: each read misses memory and fills it. */
export const coldLocal: Scenario = {
  name: 'cold-local',
  question: 'What does a read cost that misses memory, hits Redis and fills memory?',
  contestants: [
    yardstick,
    'node-redis',
    'tierstack',
    'bentocache',
    'cacheable',
    'cache-manager',
    'layered-loader',
  ],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 2, full: 3 },
  warmUp: false,
  prepare: withRedis,
  enter,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const count = at(level, 300, 6_000, 40_000)
  const warmUp = at(level, 100, 1_000, 4_000)
  const ms = at(level, 5, 50, 250)
  const tiers = library.tiers.includes('both') ? 'both' : 'far'
  const o = { tiers, redisUrl, maxEntries: 200_000, size: '100 B' } as const
  const first = await openWarm(library, o)
  await fill(first, keysOf(count + warmUp))
  await first.contestant.close()
  const play = async (of: readonly number[]): Promise<Sample> => {
    const sample: Record<string, Metrics> = {}
    for (const callers of of) {
      // A memory that never had any of the keys: a new one each time.
      const opened = await openWarm(library, { ...o, namespace: first.namespace })
      const { contestant, loads } = opened
      const fresh = keysOf(count)
      await fill(opened, keysOf(warmUp, count))
      const read = await readLoop({ contestant, keys: fresh, callers, ms, once: true, loads })
      sample[`c ${callers}`] = read
      await checkFilled(contestant, fresh.slice(0, Math.min(20, read['calls'] as number)))
      await contestant.close()
    }
    return sample
  }
  // What is measured is compiled by then: every contestant rehearses for the same time of the processor.
  const rehearsal = at(level, 0, 700, 2_000)
  const before = process.cpuUsage()
  const spent = () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }
  while (spent() < rehearsal) await play([64, 512])
  return {
    play: () => play(concurrencies),
    end: () => Promise.resolve(),
  }
}

/** A read that fills memory must have filled it. */
async function checkFilled(contestant: Contestant, keys: readonly string[]): Promise<void> {
  const { peek } = contestant
  if (peek === undefined) return
  for (const key of keys) if (!isRow(key, peek(key))) throw new Error(`memory was not filled with ${key}`)
  await Promise.resolve()
}

function report(results: Results): Report {
  return {
    tables: [
      {
        title: 'Cold memory in front of a warm Redis, reads per second',
        note: `Values of 100 B, every key read once. In brackets the ratio to a plain GET of ioredis with auto-pipelining, which has no memory to fill. Spread up to ${worstSpread(results, names, 'perSecond')}.`,
        columns: ['', ...names, 'c 64 p99 µs', 'c 64 CPU µs per read', 'c 64 loaded, per 1000'],
        rows: rowsOf(results, (name) => [
          ...names.map((kase) => ratioCell(results, name, kase, 'perSecond', yardstick)),
          cell(results, name, 'c 64', 'p99'),
          ratioCell(results, name, 'c 64', 'cpu', yardstick),
          cell(results, name, 'c 64', 'loaded'),
        ]),
      },
    ],
    charts: [
      {
        file: 'cold-local',
        title: 'Cold memory in front of a warm Redis',
        note: 'Thousand reads per second, each of which misses memory and fills it; the plain clients have none to fill',
        unit: 'k/s',
        better: 'more',
        panels: [{ title: '64 callers', bars: bars(results, 'c 64', 'perSecond', yardstick, 1 / 1_000) }],
      },
    ],
    targets: [
      target(
        'throughput, 64 callers, to auto-pipelined ioredis',
        results.ratio('tierstack', 'c 64', 'perSecond', yardstick),
        '≥',
        1.8,
      ),
    ],
  }
}
