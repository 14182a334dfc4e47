import type { LoadResult } from './load.ts'
import { fromDatabase } from './served.ts'
import type { Latency } from './recorder.ts'

/** One run of the load, with the reading statements that it caused in the database. */
export interface Phase {
  readonly load: LoadResult
  readonly queries: number
}

export interface SourceRow extends Latency {
  readonly source: string
  /** Of all reads, 0 to 1. */
  readonly share: number
}

export interface PhaseRow extends Latency {
  readonly perSecond: number
  readonly queriesPer1000: number
}

export interface Report {
  /** The tiers, near first, then the database. */
  readonly sources: readonly SourceRow[]
  /** Share of reads that a tier served, 0 to 1. */
  readonly hitRate: number
  readonly cached: PhaseRow
  readonly bare: PhaseRow
  /** Share of database queries that the cache made unnecessary, 0 to 1. */
  readonly fewerQueries: number
  /** Mean time of a read without the cache, divided by that with it. */
  readonly speedUp: number
  readonly aggregate: {
    /** Median of the database's own time, ms, without any wait. */
    readonly database: number
    /** Median of a read that memory served, ms. */
    readonly memory: number
    readonly ratio: number
  }
  readonly fill: { readonly reads: number; readonly seconds: number }
  readonly edits: number
  readonly errors: number
  /** The first of them, if any. */
  readonly firstError: unknown
}

export interface Measured {
  readonly bare: Phase
  /** The run that filled the cache. */
  readonly fill: Phase
  readonly cached: Phase
  /** Names of the tiers, near first. */
  readonly tiers: readonly string[]
  /** Median of the database's own time for the aggregate, ms. */
  readonly aggregateMs: number
}

/** 0 instead of a division by 0. */
function ratio(dividend: number, divisor: number): number {
  return divisor === 0 ? 0 : dividend / divisor
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function phaseRow({ load, queries }: Phase): PhaseRow {
  const all = load.recorder.all()
  return {
    ...all,
    perSecond: ratio(all.reads, load.seconds),
    queriesPer1000: ratio(queries * 1_000, all.reads),
  }
}

/** The arithmetic of the table. Memory is the nearest tier. */
export function createReport({ bare, fill, cached, tiers, aggregateMs }: Measured): Report {
  const { recorder } = cached.load
  const loads = [bare, fill, cached].map(({ load }) => load)
  const total = recorder.all().reads
  const sources = [...tiers, fromDatabase].map((source) => {
    const latency = recorder.of(source)
    return { source, ...latency, share: ratio(latency.reads, total) }
  })
  const withCache = phaseRow(cached)
  const withoutCache = phaseRow(bare)
  const memory = recorder.ofEndpoint('country', tiers[0] ?? '').p50
  return {
    sources,
    hitRate: total === 0 ? 0 : 1 - recorder.of(fromDatabase).reads / total,
    cached: withCache,
    bare: withoutCache,
    fewerQueries:
      withoutCache.queriesPer1000 === 0 || total === 0
        ? 0
        : 1 - withCache.queriesPer1000 / withoutCache.queriesPer1000,
    speedUp: ratio(withoutCache.mean, withCache.mean),
    aggregate: { database: aggregateMs, memory, ratio: ratio(aggregateMs, memory) },
    fill: { reads: fill.load.recorder.all().reads, seconds: fill.load.seconds },
    edits: sum(loads.map(({ edits }) => edits)),
    errors: sum(loads.map(({ errors }) => errors)),
    firstError: loads.find(({ errors }) => errors > 0)?.firstError,
  }
}
