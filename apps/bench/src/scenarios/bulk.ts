import type { Library } from '../library.ts'
import type { Results } from '../results.ts'
import { readLoop } from '../read-loop.ts'
import { bars, cell, ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { at } from '../scenario.ts'
import type { Metrics, Sample } from '../sample.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fill, keysOf, openWarm, settle } from '../warm-remote.ts'
import type { Warm } from '../warm-remote.ts'

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
    'MGET by hand',
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
  rounds: { trial: 1, quick: 2, full: 3 },
  warmUp: false,
  prepare: withRedis,
  enter,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const keys = keysOf(at(level, 3_000, 13_000, 41_000))
  const ms = at(level, 5, 50, 150)
  const o = { redisUrl, maxEntries: 200_000, size: '100 B' } as const
  const warm = await openWarm(library, { ...o, tiers: 'far' })
  await fill(warm, keys.slice(0, 10_000))
  const both = library.tiers.includes('both') ? await openWarm(library, { ...o, tiers: 'both' }) : undefined
  if (both) await fill(both, keys)

  const fromRedis = async (msOf: (together: number) => number): Promise<Sample> => {
    const sample: Record<string, Metrics> = {}
    const { contestant, loads } = warm
    const some = keys.slice(0, 10_000)
    for (const { name, keys: together, callers } of cases) {
      await settle(warm, some)
      sample[name] = await readLoop({ contestant, loads, keys: some, ms: msOf(together), together, callers })
    }
    return sample
  }
  const withMemory = async (near: Warm): Promise<Sample> => {
    const sample: Record<string, Metrics> = {}
    // A memory that never had any of the keys: a new one each time.
    const fresh = await openWarm(library, { ...o, tiers: 'both', namespace: near.namespace })
    await fill(fresh, keys.slice(0, 1_000))
    const half = (keys.length - 1_000) / sizes.length
    for (const [i, together] of sizes.entries()) {
      const from = 1_000 + i * half
      sample[`${together} keys, cold memory`] = await readLoop({
        contestant: fresh.contestant,
        loads: fresh.loads,
        keys: keys.slice(from, from + half),
        callers: 8,
        ms,
        once: true,
        together,
      })
      sample[`${together} keys, warm memory`] = await readLoop({
        contestant: near.contestant,
        loads: near.loads,
        keys,
        callers: 1,
        ms,
        together,
      })
    }
    await fresh.contestant.close()
    return sample
  }
  // What is measured is compiled by then: every contestant rehearses for the same time of the processor.
  await fromRedis((together) => at(level, 0, together === 100 ? 250 : 120, 600))
  if (both) for (let i = 0; i < at(level, 0, 2, 3); i++) await withMemory(both)

  return {
    play: async () => ({ ...(await fromRedis(() => ms)), ...(both && (await withMemory(both))) }),
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
        note: `Values of 100 B, no memory tier in front; in brackets the ratio to MGET and JSON.parse of ioredis. Those without a bulk read make as many single ones. \`MGET by hand\` is the limit and no peer: MGET of ioredis without auto-pipelining, and JSON.parse; no tags, and nobody hears of removals. Spread up to ${worstSpread(results, far, 'perSecond')}.`,
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
