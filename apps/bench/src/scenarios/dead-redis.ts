import { setTimeout as sleep } from 'node:timers/promises'
import type { Library } from '../library.ts'
import { percentile } from '../statistics.ts'
import type { Results } from '../results.ts'
import { bars, cell, rowsOf } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { idOf, valueOf } from '../rows.ts'
import type { Metrics } from '../sample.ts'
import type { Level, Order, Place, Scenario, Seat } from '../scenario.ts'
import { at } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { isRow } from '../warm-remote.ts'

const queryMs = 5
const yardstick = 'no cache'

/**
 * Redis is frozen: connections stay open, nothing answers (SIGSTOP; a hung host looks the same). The contestant
 * freezes and thaws it itself, in turn with the others.
 */
export const deadRedis: Scenario = {
  name: 'dead-redis',
  question: 'What does a dead Redis cost?',
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
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 1, full: 2 },
  warmUp: false,
  prepare: withRedis,
  enter,
  report,
}

async function pidOf(redisUrl: string): Promise<number> {
  const { Redis } = await import('ioredis')
  const client = new Redis(redisUrl)
  const info = await client.info('server')
  client.disconnect()
  return Number(/process_id:(\d+)/.exec(info)?.[1])
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const pid = await pidOf(redisUrl)
  const contestant = await library.open({
    tiers: library.tiers.includes('both') ? 'both' : 'far',
    redisUrl,
    namespace: `dead-${process.pid}`,
    maxEntries: 100_000,
    ttlMs: 3_600_000,
    load: async (key) => {
      await sleep(queryMs)
      return valueOf(idOf(key), '100 B')
    },
  })
  const deadMs = at(level, 300, 450, 2_000)
  const most = at(level, 2_000, 600, 3_000)
  /** What a reader gets within its patience. */
  const timed = async (key: string) => {
    const began = performance.now()
    let late = false
    const answer = await Promise.race([
      contestant.read(key).catch(() => 'error'),
      sleep(most, undefined, { ref: false }).then(() => {
        late = true
      }),
    ])
    const ok = isRow(key, answer)
    return { ms: performance.now() - began, ok, late }
  }
  const phase = async (keyAt: (i: number) => string, ms: number): Promise<Metrics> => {
    const end = performance.now() + ms
    const reads: { ms: number; ok: boolean; late: boolean }[] = []
    let i = 0
    const caller = async () => {
      while (performance.now() < end) {
        reads.push(await timed(keyAt(i++)))
        await sleep(2)
      }
    }
    await Promise.all(Array.from({ length: 16 }, caller))
    const times = reads.map((read) => read.ms)
    return {
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      errors: reads.filter(({ ok, late }) => !ok && !late).length,
      hung: reads.filter(({ late }) => late).length,
    }
  }
  return {
    async play({ round }: Order) {
      const base = round * 1_000_000
      for (let i = 0; i < 100; i++) await contestant.read(`row:${base + i}`)
      await sleep(200)
      const sample: Record<string, Metrics> = {}
      process.kill(pid, 'SIGSTOP')
      try {
        sample['cold'] = await phase((i) => `row:${base + 1_000 + i}`, deadMs)
        sample['hot'] = await phase((i) => `row:${base + (i % 100)}`, deadMs / 4)
      } finally {
        process.kill(pid, 'SIGCONT')
      }
      await sleep(at(level, 500, 700, 2_000))
      sample['after'] = await phase((i) => `row:${base + 500_000 + i}`, deadMs / 4)
      return sample
    },
    async end() {
      await Promise.race([contestant.close(), sleep(1_000)])
    },
  }
}

function report(results: Results): Report {
  return {
    tables: [
      {
        title: 'Reads while Redis is frozen, ms',
        note: `16 callers; the query takes ${queryMs} ms. Cold: keys that nobody asked for before; hot: keys asked for before Redis froze; after: cold keys, some time after it thawed (2 s, quick: 0.7 s). Errors and hung reads (no answer for 3 s, quick: 0.6 s) are counts of the cold phase.`,
        columns: [
          '',
          'cold p50',
          'cold p99',
          'cold errors',
          'cold hung',
          'hot p50',
          'hot p99',
          'after p50',
          'after p99',
        ],
        rows: rowsOf(results, (name) => [
          ...['p50', 'p99', 'errors', 'hung'].map((metric) => cell(results, name, 'cold', metric)),
          ...['p50', 'p99'].map((metric) => cell(results, name, 'hot', metric)),
          ...['p50', 'p99'].map((metric) => cell(results, name, 'after', metric)),
        ]),
      },
    ],
    charts: [
      {
        file: 'dead-redis',
        title: 'A read while Redis is frozen, p99 in ms',
        note: `Cold keys; the query takes ${queryMs} ms`,
        unit: 'ms',
        better: 'less',
        log: true,
        panels: [{ title: '', bars: bars(results, 'cold', 'p99', yardstick) }],
      },
    ],
    targets: [
      target('errors of cold reads', results.value('tierstack', 'cold', 'errors'), '=', 0, ''),
      target(
        'p99 of cold reads above the query',
        results.value('tierstack', 'cold', 'p99') - queryMs,
        '≤',
        100,
        'ms',
      ),
    ],
  }
}
