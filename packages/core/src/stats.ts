/** Counters of one definition. Plain integers, so that counting costs nothing; exporters read them. */
export interface DefinitionCounters {
  /** Fresh hits by position in the chain. */
  readonly hits: number[]
  stale: number
  misses: number
  loads: number
  loadErrors: number
  fenced: number
  refused: number
  /** Sum of the load times that hits saved, ms: hits × the time of the load that made the entry. */
  savedMs: number
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
    hits: Array.from({ length: tiers }, () => 0),
    stale: 0,
    misses: 0,
    loads: 0,
    loadErrors: 0,
    fenced: 0,
    refused: 0,
    savedMs: 0,
  }
}

export function definitionStats(c: DefinitionCounters, tierNames: readonly string[]): DefinitionStats {
  const hits: Record<string, number> = {}
  tierNames.forEach((name, i) => {
    hits[name] = c.hits[i] as number
  })
  return { ...c, hits }
}
