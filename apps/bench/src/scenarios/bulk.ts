import { closedLoop } from '../closed-loop.ts'
import type { Contestant, Library } from '../library.ts'
import type { Results } from '../results.ts'
import { bars, cell, ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { at } from '../scenario.ts'
import type { Metrics } from '../sample.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fill, isRow, keysOf, openWarm } from '../warm-remote.ts'

const yardstick = 'ioredis, auto-pipelining'
const sizes = [100, 1_000] as const
const cases = sizes.flatMap((keys) =>
  [1, 8].map((callers) => ({ keys, callers, name: `${keys} keys, c ${callers}` })),
)
const far = cases.map(({ name }) => name)
const cold = sizes.map((keys) => `${keys} keys, cold memory`)
const near = sizes.map((keys) => `${keys} keys, warm memory`)

/** Many keys in one call: from Redis, into a cold memory, from a warm one. */
export const bulk: Scenario = {
  name: 'bulk',
  question: 'What does reading many keys at once cost?',
  contestants: [
    yardstick,
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
  rounds: { trial: 1, quick: 3, full: 9 },
  prepare: withRedis,
  enter,
  report,
}

/** The bulk read of a library, or as many single ones. */
async function readAll(contestant: Contestant, keys: readonly string[]): Promise<readonly unknown[]> {
  return contestant.many === undefined
    ? await Promise.all(keys.map((key) => contestant.read(key)))
    : await contestant.many(keys)
}

function groups(keys: readonly string[], size: number): (readonly string[])[] {
  return Array.from({ length: Math.floor(keys.length / size) }, (_, i) =>
    keys.slice(i * size, (i + 1) * size),
  )
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const keys = keysOf(at(level, 2_000, 20_000, 60_000))
  const ms = at(level, 5, 70, 350)
  const o = { redisUrl, maxEntries: 200_000, size: '100 B' } as const
  const warm = await openWarm(library, { ...o, tiers: 'far' })
  await fill(warm.contestant, keys.slice(0, 10_000))
  const both = library.tiers.includes('both') ? await openWarm(library, { ...o, tiers: 'both' }) : undefined
  if (both) await fill(both.contestant, keys)

  const measure = (
    contestant: Contestant,
    each: number,
    callers: number,
    all: readonly string[],
    once: boolean,
  ) => {
    const parts = groups(all, each)
    const byFirst = new Map(parts.map((part) => [part[0] as string, part]))
    const right = (first: string, answer: unknown) => {
      const part = byFirst.get(first) as readonly string[]
      const rows = answer as readonly unknown[]
      return rows.length === part.length && part.every((key, i) => isRow(key, rows[i]))
    }
    let position = 0
    return closedLoop({
      callers,
      ms,
      perCall: each,
      next: () => (once && position >= parts.length ? undefined : parts[position++ % parts.length]?.[0]),
      call: (first) => readAll(contestant, byFirst.get(first) as readonly string[]),
      right,
    })
  }

  return {
    async play() {
      const sample: Record<string, Metrics> = {}
      for (const { name, keys: each, callers } of cases)
        sample[name] = await measure(warm.contestant, each, callers, keys.slice(0, 10_000), false)
      if (both === undefined) return sample
      for (const each of sizes) {
        const fresh = await openWarm(library, { ...o, tiers: 'both', namespace: both.namespace })
        await fill(fresh.contestant, keys.slice(0, 1_000))
        sample[`${each} keys, cold memory`] = await measure(
          fresh.contestant,
          each,
          8,
          keys.slice(1_000),
          true,
        )
        await fresh.contestant.close()
        sample[`${each} keys, warm memory`] = await measure(both.contestant, each, 1, keys, false)
      }
      return sample
    },
    async end() {
      await warm.contestant.close()
      await both?.contestant.close()
    },
  }
}

function report(results: Results): Report {
  const coldTo = (kase: string, each: number) =>
    results.ratio('tierstack', kase, 'perSecond', yardstick, `${each} keys, c 8`)
  return {
    tables: [
      {
        title: 'Bulk reads from Redis, keys per second',
        note: `Values of 100 B, no memory tier in front; in brackets the ratio to MGET and JSON.parse of ioredis. Those without a bulk read make as many single ones. Spread up to ${worstSpread(results, far, 'perSecond')}.`,
        columns: ['', ...far, '100 keys, c 8: CPU µs per key'],
        rows: rowsOf(results, (name) => [
          ...far.map((kase) => ratioCell(results, name, kase, 'perSecond', yardstick)),
          ratioCell(results, name, '100 keys, c 8', 'cpu', yardstick),
        ]),
      },
      {
        title: 'Bulk reads with memory in front, keys per second',
        note: 'Cold: every key once, from Redis into memory, 8 callers; in brackets the ratio to the plain MGET and JSON.parse of 8 callers. Warm: from memory, one caller.',
        columns: ['', ...cold, ...near],
        rows: rowsOf(results, (name) => [
          ...cold.map((kase, i) => {
            if (!results.has(name, kase, 'perSecond')) return '–'
            const ratio = results.ratio(name, kase, 'perSecond', yardstick, `${sizes[i]} keys, c 8`)
            return `${cell(results, name, kase, 'perSecond')} (${ratio.toFixed(2)}×)`
          }),
          ...near.map((kase) => cell(results, name, kase, 'perSecond')),
        ]),
      },
    ],
    charts: [
      {
        file: 'bulk',
        title: 'Bulk reads of 100 keys, thousand keys per second',
        note: 'From Redis, no memory tier in front, 8 callers',
        unit: 'k/s',
        better: 'more',
        panels: [{ title: '', bars: bars(results, '100 keys, c 8', 'perSecond', yardstick, 1 / 1_000) }],
      },
    ],
    targets: [
      target(
        'bulk of 100, to MGET and JSON.parse',
        results.ratio('tierstack', '100 keys, c 8', 'perSecond', yardstick),
        '≥',
        1.3,
      ),
      target('bulk of 100 into a cold memory', coldTo('100 keys, cold memory', 100), '≥', 1),
    ],
  }
}
