import type { Library } from '../library.ts'
import type { Results } from '../results.ts'
import { bars, cell, ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { at } from '../scenario.ts'
import type { Metrics } from '../sample.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'
import { readsInTurn } from '../reads-in-turn.ts'
import { fill, isRow, keysOf, openWarm } from '../warm-remote.ts'
import { zipfRanks } from '../zipf.ts'

const size = 10_000
const yardstick = 'lru-cache'
const ways = ['peek', 'read', 'getOrSet', 'get'] as const
const orders = ['one', 'zipf', 'fresh'] as const
const cases = ways.flatMap((way) => orders.map((order) => `${way} ${order}`))

/** What does a hit in memory cost? Ratios to `lru-cache.get` with a ttl on the same keys in the same round. */
export const nearHit: Scenario = {
  name: 'near-hit',
  question: 'What does a hit in memory cost?',
  contestants: [
    yardstick,
    'Map',
    'tierstack',
    'bentocache',
    'cacheable',
    'cache-manager',
    'layered-loader',
    'async-cache-dedupe',
    'cachified',
  ],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 4, full: 7 },
  flags: ['--min-semi-space-size=256', '--max-semi-space-size=256'],
  prepare: withoutServers,
  enter,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const warm = await openWarm(library, {
    tiers: 'near',
    redisUrl,
    maxEntries: 100_000,
    size: '100 B',
  })
  const { contestant } = warm
  const keys = keysOf(size)
  await fill(warm, keys)
  // `get` and `getOrSet` name entries otherwise than a definition does.
  if (contestant.getOrSet) for (const key of keys) await contestant.getOrSet(key)
  const ranks = zipfRanks(size, 0.99, at(level, 2_000, 40_000, 200_000), 1)
  const most = slow.has(library.name) ? Math.ceil(ranks.length / 16) : ranks.length
  const zipf = Array.from(ranks.subarray(0, most), (rank) => keys[rank] as string)
  const sequences = { one: zipf.map(() => keys[7] as string), zipf, fresh: zipf }
  return {
    async play() {
      const sample: Record<string, Metrics> = {}
      for (const way of ways) {
        if (contestant[way] === undefined) continue
        for (const order of orders)
          sample[`${way} ${order}`] = await readsInTurn(contestant, way, {
            keys: sequences[order],
            built: order === 'fresh',
            right: isRow,
          })
      }
      return sample
    },
    end: () => contestant.close(),
  }
}

/** Microseconds per hit: a sixteenth of the reads tells as much. */
const slow: ReadonlySet<string> = new Set(['bentocache', 'cacheable', 'cache-manager', 'cachified'])

function report(results: Results): Report {
  const toPeek = (name: string, kase: string) =>
    results.ratio(name, kase, 'ns', yardstick, `peek ${kase.split(' ').at(-1)}`)
  const cellTo = (name: string, kase: string) =>
    results.has(name, kase, 'ns')
      ? `${cell(results, name, kase, 'ns')} (${toPeek(name, kase).toFixed(2)}×)`
      : '–'
  return {
    tables: [
      {
        title: 'A hit in memory, ns',
        note: `\`peek\` is synchronous, the others are awaited. \`read\` is the loading read (ours: a definition's call), \`getOrSet\` the one with key and loader at the call. One key; Zipf 0.99 over ${size} keys; the same with the key's text built for each call. In brackets the ratio to a synchronous \`lru-cache\` get with a ttl on the same keys in the same round. Of each round the median of stretches of 2,000 reads, which those are no part of that something else on the machine interrupted. Spread up to ${worstSpread(results, cases, 'ns')}.`,
        columns: ['', ...cases],
        rows: rowsOf(results, (name) => cases.map((kase) => cellTo(name, kase))),
      },
      {
        title: 'Bytes allocated per hit',
        note: 'Zipf. An awaited hit costs a promise at least.',
        columns: ['', ...ways],
        rows: rowsOf(results, (name) =>
          ways.map((way) => ratioCell(results, name, `${way} zipf`, 'bytes', '')),
        ),
      },
    ],
    charts: [
      {
        file: 'near-hit',
        title: 'A hit in memory, ns',
        note: 'The awaited, loading read; Zipf over 10,000 keys',
        unit: 'ns',
        better: 'less',
        log: true,
        panels: [{ title: '', bars: bars(results, 'read zipf', 'ns', yardstick) }],
      },
    ],
    targets: [
      target('`peek`, Zipf, to lru-cache with a ttl', toPeek('tierstack', 'peek zipf'), '≤', 0.7),
      target('bytes allocated by `peek`', results.value('tierstack', 'peek zipf', 'bytes'), '≤', 1, 'B'),
      target('awaited hit, Zipf, to lru-cache with a ttl', toPeek('tierstack', 'read zipf'), '≤', 2.8),
      target(
        'bytes allocated by an awaited hit',
        results.value('tierstack', 'read zipf', 'bytes'),
        '≤',
        250,
        'B',
      ),
    ],
  }
}
