/** Counters of one definition; exporters read them. What a hit counts is in typed arrays, where adding allocates nothing. */
export interface DefinitionCounters {
  /** Fresh hits by position in the chain. */
  readonly hits: Float64Array
  /** One number: sum of the load times that hits saved, ms. Each hit saves the time of the load that made the entry. */
  readonly saved: Float64Array
  stale: number
  misses: number
  loads: number
  loadErrors: number
  fenced: number
  refused: number
}

export interface TierCounters {
  errors: number
  timeouts: number
}

export interface DefinitionStats {
  /** Fresh hits by tier. */
  readonly hits: Readonly<Record<string, number>>
  readonly stale: number
  readonly misses: number
  readonly loads: number
  readonly loadErrors: number
  readonly fenced: number
  readonly refused: number
  readonly savedMs: number
}

export interface TierStats {
  /** Local tiers only. */
  readonly size?: number
  /** Local tiers only. */
  readonly bytes?: number
  readonly errors: number
  readonly timeouts: number
  /** Removals waiting for the tier to come back. */
  readonly queued: number
}

export interface CacheStats {
  /** By definition name; keys that were given as text are counted under `''`. */
  readonly definitions: Readonly<Record<string, DefinitionStats>>
  readonly tiers: Readonly<Record<string, TierStats>>
}

export function newCounters(tiers: number): DefinitionCounters {
  return {
    hits: new Float64Array(tiers),
    saved: new Float64Array(1),
    stale: 0,
    misses: 0,
    loads: 0,
    loadErrors: 0,
    fenced: 0,
    refused: 0,
  }
}

export function definitionStats(c: DefinitionCounters, tierNames: readonly string[]): DefinitionStats {
  const hits: Record<string, number> = {}
  tierNames.forEach((name, i) => {
    hits[name] = c.hits[i] as number
  })
  const { hits: _, saved, ...counts } = c
  return { ...counts, hits, savedMs: saved[0] as number }
}
