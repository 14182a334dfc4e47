import { setTimeout as sleep } from 'node:timers/promises'
import { createTables, Source } from '../database/source.ts'
import type { Row } from '../database/source.ts'
import { leftStale, serve } from '../database/traffic.ts'
import type { Library } from '../library.ts'
import { databaseReport } from '../database/database-report.ts'
import { idOf } from '../rows.ts'
import type { Metrics, Sample } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Order, Part, Place, Scenario, Seat } from '../scenario.ts'
import { withRedisAndPostgres } from '../servers.ts'
import { sharedNow } from '../shared-time.ts'
import { namespaceOf } from '../warm-remote.ts'
import { seeded, zipfRanks } from '../zipf.ts'

const contestants = [
  'no cache',
  'tierstack',
  'bentocache',
  'cacheable',
  'cache-manager',
  'layered-loader',
  'async-cache-dedupe',
  'cachified',
  'lru-cache',
]

const parts: readonly Part[] = [
  { name: '1 process, 50 ms queries', processes: 1, warmUp: false },
  { name: '1 process, cheap queries', processes: 1, warmUp: false },
  { name: '2 processes, 50 ms queries', processes: 2 },
  { name: '2 processes, cheap queries', processes: 2 },
  { name: 'cheap queries, nothing asked twice', processes: 1 },
]

const mostPasses = 4

const rowsFor = (level: Level) => at(level, 1_000, 5_000, 100_000)

/** A service over PostgreSQL: 95 % reads, 5 % updates, each followed by the removal of its key. */
export const database: Scenario = {
  name: 'database',
  question: 'What does a cache in front of a database bring?',
  contestants,
  parts,
  rounds: { trial: 1, quick: 1, full: 2 },
  async prepare(level) {
    const stage = await withRedisAndPostgres()
    await createTables(stage.place.databaseUrl, contestants, rowsFor(level))
    return stage
  },
  enter,
  merge,
  report: databaseReport,
}

async function enter(library: Library, place: Place, level: Level): Promise<Seat> {
  const rows = rowsFor(level)
  const source = new Source(place.databaseUrl, library.name)
  const open = (namespace: string) =>
    library.open({
      tiers: library.tiers.includes('both') ? 'both' : library.tiers.includes('far') ? 'far' : 'near',
      redisUrl: place.redisUrl,
      namespace,
      maxEntries: rows,
      ttlMs: 3_600_000,
      load: (key) => source.read(idOf(key)),
    })
  const contestant = await open(namespaceOf('database', library.name))
  const ranks = zipfRanks(rows, 0.99, 500_000, process.pid)
  const random = seeded(process.pid)
  const acknowledged = new Uint32Array(rows)
  await warm(contestant.read, source, rows)
  let position = 0
  const hottest = Array.from({ length: at(level, 50, 200, 1_000) }, (_, id) => id)
  const shared = { source, acknowledged, random, callers: 64 }
  /** The first round warms up connections, and the engine: what it has not compiled yet is some times as slow. */
  const lasting = (round: number) => at(level, 60, 200, 1_500) / (round === 0 ? 2 : 1)

  const unseen = async (ms: number): Promise<Metrics> => {
    // An empty cache, and each row asked for once: all that a cache costs, and nothing that it brings.
    const fresh = await open(namespaceOf(`unseen-${process.pid}-${position}`, library.name))
    let id = 0
    source.cost = 'cheap'
    const ids = { next: () => id++ % rows }
    const metrics = await serve({ ...shared, contestant: fresh, ids, writes: 0, ms })
    await fresh.close()
    return metrics
  }

  return {
    async play({ round, part, at: begin }: Order): Promise<Sample> {
      await sleep(Math.max(0, begin - sharedNow()))
      const ms = lasting(round)
      if (part.startsWith('cheap')) return { [part]: await unseen(ms) }
      source.cost = part.includes('50 ms') ? '50 ms' : 'cheap'
      const metrics = await serve({
        ...shared,
        contestant,
        ids: { next: () => ranks[position++ % ranks.length] as number },
        writes: 0.05,
        ms,
      })
      if (round === 0) return { [part]: metrics }
      // Removals on their way to the other process arrive.
      await sleep(at(level, 50, 50, 200))
      source.cost = 'cheap'
      return { [part]: { ...metrics, leftStale: await leftStale(contestant, source, hottest) } }
    },
    async end() {
      await contestant.close()
      await source.close()
    },
  }
}

/** Brings every row into the cache, as a day of traffic would. The rows are those of the table, not asked for. */
async function warm(read: (key: string) => Promise<unknown>, source: Source, rows: number): Promise<void> {
  let loads = 0
  source.rehearsal = (id) => {
    loads++
    return rowAsCreated(id)
  }
  // Again until every row is there: right after the start, on a machine that is busy, the first may not be stored.
  for (let pass = 0, before = -1; pass < mostPasses && loads > before; pass++) {
    before = loads
    for (let from = 0; from < rows; from += 256) {
      const count = Math.min(256, rows - from)
      await Promise.all(Array.from({ length: count }, (_, i) => read(`row:${from + i}`)))
    }
    if (loads > before) await sleep(pass === 0 ? 100 : 500)
  }
  source.rehearsal = undefined
}

function rowAsCreated(id: number): Row {
  return {
    id,
    version: 1,
    name: `Customer ${id}`,
    email: `customer.${id}@example.org`,
    city: `City ${id % 997}`,
    note: 'n'.repeat(300),
  }
}

/** Requests and staleness of all processes together; waits and costs of the worse one. */
function merge(samples: readonly Sample[], part: Part): Sample {
  const own = samples.map((sample) => sample[part.name] as Metrics)
  const each = (metric: string) => own.flatMap((metrics) => metrics[metric] ?? [])
  const sum = (metric: string) => each(metric).reduce((total, n) => total + n, 0)
  const mean = (metric: string) => sum(metric) / own.length
  const merged = {
    perSecond: sum('perSecond'),
    p50: Math.max(...each('p50')),
    p99: Math.max(...each('p99')),
    cpu: mean('cpu'),
    sourceReads: mean('sourceReads'),
    reads: sum('reads'),
    stale: sum('stale'),
  }
  return { [part.name]: each('leftStale').length === 0 ? merged : { ...merged, leftStale: sum('leftStale') } }
}
