import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant, Library } from '../library.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { cell, rowsOf } from '../report/rows.ts'
import type { Results } from '../results.ts'
import type { Metrics } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'

const yardstick = 'lru-cache'
/** Reads between two turns of the event loop. */
const perTurn = 100

/** What else waits for a full memory tier: while entries are evicted, and while they expire. */
export const pauses: Scenario = {
  name: 'pauses',
  question: 'How long does the event loop wait for a full tier of a million entries?',
  contestants: [yardstick, 'tierstack', 'no cache'],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 1, full: 3 },
  warmUp: false,
  flags: ['--max-old-space-size=4096'],
  prepare: withoutServers,
  enter,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const count = at(level, 5_000, 300_000, 1_000_000)
  let next = 0
  const open = (ttlMs: number) =>
    library.open({
      tiers: 'near',
      redisUrl,
      namespace: `bench${next++}`,
      maxEntries: count,
      ttlMs,
      load: (key) => Promise.resolve({ id: key }),
    })
  const full = await open(3_600_000)
  await fill(full, count)
  return {
    async play() {
      const evicting = await watched(async () => {
        for (let i = 0; i < at(level, 1_000, 100_000, 300_000); i++) {
          await full.read(`new:${next++}`)
          if (i % perTurn === 0) await new Promise(setImmediate)
        }
      })
      const resting = await watched(() => sleep(at(level, 100, 1_000, 3_000)))
      return { evicting, resting }
    },
    end: () => full.close(),
  }
}

async function fill(contestant: Contestant, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await contestant.read(`row:${i}`)
}

/** The longest turns of the event loop and the longest stops for garbage meanwhile, ms. */
async function watched(work: () => Promise<unknown>): Promise<Metrics> {
  let longestStop = 0
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestStop = Math.max(longestStop, duration)
  })
  observer.observe({ entryTypes: ['gc'] })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  await sleep(50)
  delay.enable()
  await work()
  delay.disable()
  await sleep(10)
  observer.disconnect()
  return { p99: delay.percentile(99) / 1e6, longest: delay.max / 1e6, garbage: longestStop }
}

function report(results: Results): Report {
  const cases = ['evicting', 'resting'] as const
  const metrics = ['p99', 'longest', 'garbage'] as const
  return {
    tables: [
      {
        title: 'Delay of the event loop with a full tier, ms',
        note: `A million entries (quick: 300,000). \`evicting\`: rows nobody has are read one after the other, each of which puts another out, a turn of the loop every ${perTurn}. \`resting\`: nothing happens but the search for expired entries. The timer itself is off by about 1 ms. \`garbage\`: the longest stop for collecting, which is in the delay too. \`no cache\` holds nothing: its delays are those of the machine.`,
        columns: ['', ...cases.flatMap((kase) => metrics.map((metric) => `${kase} ${metric}`))],
        rows: rowsOf(results, (name) =>
          cases.flatMap((kase) => metrics.map((metric) => cell(results, name, kase, metric))),
        ),
      },
    ],
    charts: [],
    targets: [
      target('delay while evicting, p99', results.value('tierstack', 'evicting', 'p99'), '≤', 5, 'ms'),
      target(
        'the same above that of a process that holds nothing, evicting',
        results.value('tierstack', 'evicting', 'p99') - results.value('no cache', 'evicting', 'p99'),
        '≤',
        5,
        'ms',
      ),
      target(
        'delay while nothing is asked, longest',
        results.value('tierstack', 'resting', 'longest'),
        '≤',
        5,
        'ms',
      ),
      target(
        'the same above that of a process that holds nothing, resting',
        results.value('tierstack', 'resting', 'longest') - results.value('no cache', 'resting', 'longest'),
        '≤',
        5,
        'ms',
      ),
    ],
  }
}
