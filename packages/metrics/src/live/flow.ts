import type { CacheStats, DefinitionStats, TierStats } from '@tierstack/cache-core'
import { rawKeys } from '../names.ts'
import type { Latency } from './read-times.ts'

export interface TierFlow extends Latency {
  readonly name: string
  readonly kind: TierStats['kind']
  readonly state: TierStats['state']
  /** Reads answered since the start, stale ones included. */
  readonly hits: number
  readonly hitsPerSecond: number
  /** Share of the reads that came this far that it answered; null without any. */
  readonly hitRate: number | null
  readonly size?: number
  readonly bytes?: number
  readonly errors: number
  readonly timeouts: number
  readonly queued: number
}

export interface DefinitionFlow {
  readonly name: string
  readonly reads: number
  readonly hits: number
  readonly misses: number
  readonly loads: number
  readonly loadErrors: number
  readonly readsPerSecond: number
  readonly loadsPerSecond: number
  /** Of the reads of the last moment, or of all when there were none; null when there never was one. */
  readonly hitRate: number | null
  /** Mean of all loads; null without any. */
  readonly loadMs: number | null
  readonly savedMs: number
}

/** What went through the tiers between two looks, and in all. */
export interface Flow {
  /** Between the two looks; rates of less than half a second mean little. */
  readonly seconds: number
  readonly reads: number
  readonly readsPerSecond: number
  readonly tiers: readonly TierFlow[]
  readonly source: Latency & {
    readonly loads: number
    readonly loadsPerSecond: number
    readonly loadErrors: number
    readonly queries: number
    readonly queriesPerSecond: number
    /** What the database would have got: each read a query. */
    readonly withoutPerSecond: number
  }
  readonly buses: CacheStats['buses']
  readonly removals: CacheStats['removals']
  readonly loads: CacheStats['loads']
  /** Most reads first. */
  readonly definitions: readonly DefinitionFlow[]
}

/** One look at the counters. */
export interface Look {
  /** Monotonic, ms. */
  readonly now: number
  readonly stats: CacheStats
  /** Queries that the database got, where the application tells. */
  readonly queries: number | undefined
}

export function flowOf(before: Look, after: Look, latency: (tier?: string) => Latency): Flow {
  const seconds = Math.max(0.001, (after.now - before.now) / 1_000)
  const definitions = Object.entries(after.stats.definitions).map(([name, now]) =>
    definitionFlow(name, now, before.stats.definitions[name], seconds),
  )
  const sum = (pick: (one: DefinitionFlow) => number) => definitions.reduce((all, one) => all + pick(one), 0)
  const readsPerSecond = sum((one) => one.readsPerSecond)
  const loads = sum((one) => one.loads)
  const loadsPerSecond = sum((one) => one.loadsPerSecond)
  const counted = after.queries !== undefined && before.queries !== undefined
  return {
    seconds,
    reads: sum((one) => one.reads),
    readsPerSecond,
    tiers: tierFlows(before.stats, after.stats, { seconds, readsPerSecond, latency }),
    source: {
      ...latency(),
      loads,
      loadsPerSecond,
      loadErrors: sum((one) => one.loadErrors),
      queries: after.queries ?? loads,
      queriesPerSecond: counted ? ((after.queries ?? 0) - (before.queries ?? 0)) / seconds : loadsPerSecond,
      withoutPerSecond: readsPerSecond,
    },
    buses: after.stats.buses,
    removals: after.stats.removals,
    loads: after.stats.loads,
    definitions: definitions.toSorted((a, b) => b.readsPerSecond - a.readsPerSecond || b.reads - a.reads),
  }
}

function tierFlows(
  before: CacheStats,
  after: CacheStats,
  o: { readonly seconds: number; readonly readsPerSecond: number; latency(tier?: string): Latency },
): TierFlow[] {
  const was = hitsByTier(before)
  const are = hitsByTier(after)
  let arriving = o.readsPerSecond
  return Object.entries(after.tiers).map(([name, { kind, state, size, bytes, errors, timeouts, queued }]) => {
    const hits = are.get(name) ?? 0
    const hitsPerSecond = (hits - (was.get(name) ?? 0)) / o.seconds
    const hitRate = kind !== 'edge' && arriving > 0 ? Math.min(1, hitsPerSecond / arriving) : null
    arriving -= hitsPerSecond
    return {
      name,
      kind,
      state,
      hits,
      hitsPerSecond,
      hitRate,
      ...o.latency(name),
      ...(size !== undefined && { size }),
      ...(bytes !== undefined && { bytes }),
      errors,
      timeouts,
      queued,
    }
  })
}

function hitsByTier(stats: CacheStats): Map<string, number> {
  const hits = new Map<string, number>()
  for (const { tiers } of Object.values(stats.definitions)) {
    for (const [tier, one] of Object.entries(tiers)) {
      hits.set(tier, (hits.get(tier) ?? 0) + one.hits + one.stale)
    }
  }
  return hits
}

function definitionFlow(
  name: string,
  now: DefinitionStats,
  before: DefinitionStats | undefined,
  seconds: number,
): DefinitionFlow {
  const hits = hitsOf(now)
  const reads = hits + now.misses
  const newHits = hits - (before ? hitsOf(before) : 0)
  const newReads = reads - (before ? hitsOf(before) + before.misses : 0)
  return {
    name: name || rawKeys,
    reads,
    hits,
    misses: now.misses,
    loads: now.loads,
    loadErrors: now.loadErrors,
    readsPerSecond: newReads / seconds,
    loadsPerSecond: (now.loads - (before?.loads ?? 0)) / seconds,
    hitRate: newReads > 0 ? newHits / newReads : reads > 0 ? hits / reads : null,
    loadMs: now.loads > 0 ? now.loadMs / now.loads : null,
    savedMs: now.savedMs,
  }
}

function hitsOf(stats: DefinitionStats): number {
  let hits = stats.stale
  for (const count of Object.values(stats.hits)) hits += count
  return hits
}
