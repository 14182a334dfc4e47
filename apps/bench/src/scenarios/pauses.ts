import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant, Library } from '../library.ts'
import { short, target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { cell, rowsOf } from '../report/rows.ts'
import type { Results } from '../results.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'
import { delays } from '../stretches.ts'

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
  // What runs for the first time is compiled first.
  for (let i = 0; i < count / 10; i++) await full.read(`new:${next++}`)
  return {
    async play() {
      const evicting = await delays(async () => {
        for (let i = 0; i < at(level, 1_000, 100_000, 300_000); i++) {
          await full.read(`new:${next++}`)
          if (i % perTurn === 0) await new Promise(setImmediate)
        }
      })
      const resting = await delays(() => sleep(at(level, 100, 1_500, 3_000)))
      return { evicting, resting }
    },
    end: () => full.close(),
  }
}

async function fill(contestant: Contestant, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await contestant.read(`row:${i}`)
}

function report(results: Results): Report {
  const cases = ['evicting', 'resting'] as const
  const worst = (name: string, kase: string, metric: string) =>
    results.has(name, kase, metric) ? short(results.worst(name, kase, metric)) : '–'
  const metrics = ['p99', 'longest', 'own', 'garbage'] as const
  return {
    tables: [
      {
        title: 'Delay of the event loop with a full tier, ms',
        note: `A million entries (quick: 300,000). \`evicting\`: rows nobody has are read one after the other, each of which puts another out, a turn of the loop every ${perTurn}. \`resting\`: nothing happens but the search for expired entries. \`longest\` is what the slowest timer of all rounds was late, for whatever reason. \`own\`: the longest stretch without stops for collecting garbage and without the time in which the machine gave the process no processor; what the engine marks and compiles in between is still in it. \`garbage\`: the longest stop for collecting. \`no cache\` holds nothing: its delays are those of the machine.`,
        columns: ['', ...cases.flatMap((kase) => metrics.map((metric) => `${kase} ${metric}`))],
        rows: rowsOf(results, (name) =>
          cases.flatMap((kase) =>
            metrics.map((metric) =>
              metric === 'p99' ? cell(results, name, kase, metric) : worst(name, kase, metric),
            ),
          ),
        ),
      },
    ],
    charts: [],
    targets: [
      target(
        'longest pause without stops for garbage, evicting',
        results.worst('tierstack', 'evicting', 'own'),
        '≤',
        5,
        'ms',
      ),
      target(
        'longest pause without stops for garbage, resting',
        results.worst('tierstack', 'resting', 'own'),
        '≤',
        5,
        'ms',
      ),
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
        results.worst('tierstack', 'resting', 'longest'),
        '≤',
        5,
        'ms',
      ),
      target(
        'the same above that of a process that holds nothing, resting',
        results.worst('tierstack', 'resting', 'longest') - results.worst('no cache', 'resting', 'longest'),
        '≤',
        5,
        'ms',
      ),
    ],
  }
}
