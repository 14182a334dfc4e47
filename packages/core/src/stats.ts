import type { Reason } from './events.ts'

/** Why a read wasn't answered by a tier. `absent`: nothing was there, and nobody who could load it. */
export type MissReason = Reason | 'absent'

const missReasons: readonly MissReason[] = [
  'miss',
  'expired',
  'invalidated',
  'forced',
  'warm',
  'swr',
  'ahead',
  'absent',
]

/**
 * Counters of one definition; exporters read them. What a hit counts is in typed arrays, where adding allocates
 * nothing. Arrays are by position in the chain.
 */
export interface DefinitionCounters {
  /** Fresh hits. */
  readonly hits: Float64Array
  /** One number: sum of the load times that hits saved, ms. Each hit saves the time of the load that made the entry. */
  readonly saved: Float64Array
  /** `hits` and, last, `saved`: the same numbers, for who adds to both. */
  readonly hitsAndSaved: Float64Array
  readonly stale: Float64Array
  readonly backfills: Float64Array
  readonly fenced: Float64Array
  readonly refused: Float64Array
  readonly poisoned: Float64Array
  readonly misses: Record<MissReason, number>
  loads: number
  loadErrors: number
  loadMs: number
  joined: number
  waits: number
  waitMs: number
  stored: number
  storedBytes: number
  largestBytes: number
}

export interface TierCounters {
  errors: number
  timeouts: number
  /** How often the breaker opened. */
  opened: number
}

/** Of one definition at one tier, since the start of this process. */
export interface DefinitionTierStats {
  /** Fresh hits. */
  readonly hits: number
  /** Hits on entries past their ttl, within a window. */
  readonly stale: number
  /** Entries found farther that were written here. */
  readonly backfills: number
  /** Results not stored, because something happened to the key meanwhile. */
  readonly fenced: number
  /** Values not stored: too large, or not encodable without loss. */
  readonly refused: number
  /** Frames that couldn't be trusted or understood. */
  readonly poisoned: number
}

/** Of one definition, since the start of this process. */
export interface DefinitionStats {
  /** Fresh hits by tier. */
  readonly hits: Readonly<Record<string, number>>
  readonly stale: number
  readonly misses: number
  readonly missesBy: Readonly<Record<MissReason, number>>
  readonly loads: number
  readonly loadErrors: number
  /** Time spent in loads that succeeded, ms. */
  readonly loadMs: number
  /** Reads that shared a load which was running already. */
  readonly joined: number
  /** Times that a read waited for another process' load. */
  readonly waits: number
  /** How long they waited, ms. */
  readonly waitMs: number
  readonly fenced: number
  readonly refused: number
  /** Time that the loads of hits would have taken, as long as those took that made the entries, ms. */
  readonly savedMs: number
  /** Values stored after a load, and their size: as frames where there is a remote tier, else as estimated. */
  readonly stored: number
  readonly storedBytes: number
  readonly largestBytes: number
  readonly tiers: Readonly<Record<string, DefinitionTierStats>>
}

/** Of one tier, since the start of this process. */
export interface TierStats {
  readonly kind: 'local' | 'remote' | 'edge'
  /** Whether reads and fills use the tier. `degraded`: joining or settling; for an edge, purges are waiting. */
  readonly state: 'up' | 'degraded' | 'down'
  /** Entries. Local tiers only. */
  readonly size?: number
  /** Estimated memory, keys included. Local tiers only. */
  readonly bytes?: number
  /** Local tiers only: entries dropped for space. */
  readonly evicted?: number
  /** Local tiers only: entries dropped because they had expired. */
  readonly expired?: number
  readonly errors: number
  readonly timeouts: number
  /** How often the tier stopped being usable. */
  readonly opened: number
  /** Removals waiting for the tier to come back; for an edge, purges. */
  readonly queued: number
}

/** One bus as this process hears it. */
export interface BusStats {
  /** Times that messages may have been lost. */
  readonly gaps: number
  /** Whether local entries may be served without asking: the bus proved lately that nothing was missed. */
  readonly live: boolean
  /** How long the last proof took from its sending to its arrival, ms; undefined where the bus doesn't tell. */
  readonly lagMs: number | undefined
}

/** Everything that this process has counted since the cache was made. */
export interface CacheStats {
  readonly namespace: string
  /** By definition name; keys that were given as text are counted under `''`. */
  readonly definitions: Readonly<Record<string, DefinitionStats>>
  readonly tiers: Readonly<Record<string, TierStats>>
  /** Operations by tenant, of the first hundred; those of further ones under `(others)`. Only in a cache with tenants. */
  readonly tenants?: Readonly<Record<string, number>>
  /** By the name of the tier that has it, or `bus`. */
  readonly buses: Readonly<Record<string, BusStats>>
  /** Removals by the application, by its change feed (`changed`), and those heard from other processes. */
  readonly removals: { readonly local: number; readonly db: number; readonly bus: number }
  /** Loads running now, and waiting for a place in the bulkhead. */
  readonly loads: { readonly running: number; readonly queued: number }
}

/** What the whole chain counts. */
export interface ChainCounters {
  readonly removals: { local: number; db: number; bus: number }
  readonly buses: Map<string, { gaps: number; until: number; lagMs: number | undefined }>
  /** By local tier. */
  readonly evictions: Map<string, { size: number; expired: number }>
}

export function newChainCounters(localNames: readonly string[]): ChainCounters {
  return {
    removals: { local: 0, db: 0, bus: 0 },
    buses: new Map(),
    evictions: new Map(localNames.map((name) => [name, { size: 0, expired: 0 }])),
  }
}

export function newCounters(tiers: number): DefinitionCounters {
  const hitsAndSaved = new Float64Array(tiers + 1)
  return {
    hits: hitsAndSaved.subarray(0, tiers),
    saved: hitsAndSaved.subarray(tiers),
    hitsAndSaved,
    stale: new Float64Array(tiers),
    backfills: new Float64Array(tiers),
    fenced: new Float64Array(tiers),
    refused: new Float64Array(tiers),
    poisoned: new Float64Array(tiers),
    misses: Object.fromEntries(missReasons.map((reason) => [reason, 0])) as Record<MissReason, number>,
    loads: 0,
    loadErrors: 0,
    loadMs: 0,
    joined: 0,
    waits: 0,
    waitMs: 0,
    stored: 0,
    storedBytes: 0,
    largestBytes: 0,
  }
}

/** Adds one. */
export function tally(counts: Float64Array, position: number): void {
  counts[position] = (counts[position] as number) + 1
}

export function tallySize(c: DefinitionCounters, bytes: number): void {
  c.stored++
  c.storedBytes += bytes
  if (bytes > c.largestBytes) c.largestBytes = bytes
}

const total = (counts: Iterable<number>): number => {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

export function definitionStats(c: DefinitionCounters, tierNames: readonly string[]): DefinitionStats {
  const hits: Record<string, number> = {}
  const tiers: Record<string, DefinitionTierStats> = {}
  tierNames.forEach((name, i) => {
    const at = (counts: Float64Array) => counts[i] as number
    hits[name] = at(c.hits)
    tiers[name] = {
      hits: at(c.hits),
      stale: at(c.stale),
      backfills: at(c.backfills),
      fenced: at(c.fenced),
      refused: at(c.refused),
      poisoned: at(c.poisoned),
    }
  })
  const { loads, loadErrors, loadMs, joined, waits, waitMs, stored, storedBytes, largestBytes } = c
  return {
    hits,
    stale: total(c.stale),
    misses: total(Object.values(c.misses)),
    missesBy: { ...c.misses },
    loads,
    loadErrors,
    loadMs,
    joined,
    waits,
    waitMs,
    fenced: total(c.fenced),
    refused: total(c.refused),
    savedMs: c.saved[0] as number,
    stored,
    storedBytes,
    largestBytes,
    tiers,
  }
}
