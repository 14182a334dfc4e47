import { memory } from '@tierstack/cache-memory'
import type { MemoryOptions } from '@tierstack/cache-memory'
import { LRUCache } from 'lru-cache'
import { caffeineAccesses, caffeineHits } from '../caffeine.ts'
import type { Library } from '../library.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Results } from '../results.ts'
import type { Metrics } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'
import { median } from '../statistics.ts'
import { entryOf } from '../tier-entry.ts'
import { traces } from '../traces.ts'
import type { Trace } from '../traces.ts'

type PolicyName = NonNullable<MemoryOptions['policy']>

const ours: readonly PolicyName[] = ['adaptive', 'w-tinylfu', 's3-fifo', 'sieve', 'lru']
const ways = ['lru-cache', ...ours]
/** Sizes of the tier, as shares of the distinct keys. */
const shares = [0.01, 0.05, 0.1, 0.25]

/** How many reads find their entry in memory, by eviction policy. */
export const hitRatio: Scenario = {
  name: 'hit-ratio',
  question: 'How many reads find their entry in memory, and what does evicting cost?',
  // One process: what is compared are policies.
  contestants: ['tierstack'],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 1, full: 2 },
  warmUp: false,
  prepare: withoutServers,
  enter,
  report,
}

function enter(_library: Library, _place: Place, level: Level): Promise<Seat> {
  const rows = traces(at(level, 2_000, 150_000, caffeineAccesses))
  return Promise.resolve({
    play() {
      const sample: Record<string, Metrics> = {}
      for (const trace of rows) {
        for (const share of shares) {
          const entries = Math.max(1, Math.floor(trace.distinct * share))
          for (const way of ways) sample[`${trace.name}/${share}/${way}`] = usual(way, trace, entries)
        }
      }
      return Promise.resolve(sample)
    },
    end: () => Promise.resolve(),
  })
}

interface Held {
  get(key: number): unknown
  set(key: number): void
}

/** How often W-TinyLFU is played, with the keys hashed by other seeds: on a loop, its climb goes where chance sends it. */
const seeds = 5

function usual(way: string, trace: Trace, entries: number): Metrics {
  const played = Array.from({ length: way === 'w-tinylfu' ? seeds : 1 }, (_, seed) =>
    replayed(way, trace, entries, seed),
  )
  const of = (metric: string) => median(played.map((sample) => sample[metric] as number))
  return { ...(played[0] as Metrics), hits: of('hits'), ns: of('ns') }
}

function replayed(way: string, trace: Trace, entries: number, seed: number): Metrics {
  const held = way === 'lru-cache' ? yardstick(entries) : ofOurs(way as PolicyName, entries, seed)
  let hits = 0
  const began = performance.now()
  for (const key of trace.keys) {
    if (held.get(key) === undefined) held.set(key)
    else hits++
  }
  const ns = ((performance.now() - began) * 1e6) / trace.keys.length
  return { hits: (100 * hits) / trace.keys.length, ns, distinct: trace.distinct, reads: trace.keys.length }
}

function yardstick(entries: number): Held {
  const cache = new LRUCache<number, number>({ max: entries, ttl: 3_600_000 })
  return { get: (key) => cache.get(key), set: (key) => void cache.set(key, key) }
}

/** The tier as the chain uses it: hits by the short path, misses stored by key. What keys begin with goes into their hash. */
function ofOurs(policy: PolicyName, entries: number, seed: number): Held {
  const tier = memory({ maxEntries: entries, maxBytes: Number.POSITIVE_INFINITY, policy })
  const prefix = `#row${seed}@1:`
  const shelf = tier.shelf(prefix)
  return {
    get: (key) => {
      const place = shelf.find(key, 0, 0)
      return place < 0 ? undefined : shelf.value(place)
    },
    set: (key) => void tier.set(`${prefix}n${key}`, entryOf(key)),
  }
}

function report(results: Results): Report {
  const names = [...new Set(cases(results).map((kase) => kase.split('/')[0] as string))]
  const of = (name: string, share: number, way: string, metric: string) =>
    results.value('tierstack', `${name}/${share}/${way}`, metric)
  const settings = names.flatMap((name) => shares.map((share) => ({ name, share })))
  const saved = (way: string) =>
    settings.map(({ name, share }) => {
      const misses = 100 - of(name, share, 'lru', 'hits')
      return misses === 0
        ? 0
        : (100 * (of(name, share, way, 'hits') - of(name, share, 'lru', 'hits'))) / misses
    })
  const below = settings.flatMap(({ name, share }) => {
    const theirs = caffeineHits[name]?.[shares.indexOf(share)]
    if (theirs === undefined || of(name, share, 'lru', 'reads') !== caffeineAccesses) return []
    return [theirs - of(name, share, 'w-tinylfu', 'hits')]
  })
  const cost = (way: string) =>
    median(settings.map(({ name, share }) => of(name, share, way, 'ns') / of(name, share, 'lru-cache', 'ns')))
  return {
    tables: [
      {
        title: 'Reads that find their entry, %',
        note: `The size is a share of the distinct keys. W-TinyLFU is played with ${seeds} seeds of its hashes, of which the median is shown.`,
        columns: ['', 'entries', ...ours],
        rows: settings.map(({ name, share }) => [
          `${name}, ${share * 100} %`,
          String(Math.max(1, Math.floor(of(name, share, 'lru', 'distinct') * share))),
          ...ours.map((way) => of(name, share, way, 'hits').toFixed(2)),
        ]),
      },
      {
        title: 'Over all traces and sizes',
        note: 'Misses fewer than with `lru`, and the time of a read with its store on a miss, to `lru-cache` with a ttl.',
        columns: ['', 'median', 'worst', 'best', 'time'],
        rows: ours.map((way) => {
          const all = saved(way)
          return [
            way,
            `${median(all).toFixed(2)} %`,
            `${Math.min(...all).toFixed(2)} %`,
            `${Math.max(...all).toFixed(2)} %`,
            `${cost(way).toFixed(2)}×`,
          ]
        }),
      },
    ],
    charts: [],
    targets: [
      target('misses fewer than with lru, median, of the default', median(saved('adaptive')), '≥', 5, '%'),
      target(
        'misses fewer than with lru, worst, of the default',
        Math.min(...saved('adaptive')),
        '≥',
        -10,
        '%',
      ),
      target('a read with its store on a miss, to lru-cache', cost('adaptive'), '≤', 2),
      ...(below.length === 0
        ? []
        : [
            target(
              "w-tinylfu below Caffeine's simulator, median of all traces and sizes",
              median(below),
              '≤',
              1,
              'points',
            ),
            target("w-tinylfu below Caffeine's simulator, worst", Math.max(...below), '≤', 1, 'points'),
          ]),
    ],
  }
}

function cases(results: Results): string[] {
  return results.contestants.flatMap(({ samples }) => Object.keys(samples[0] ?? {}))
}
