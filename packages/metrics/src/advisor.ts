import type { CacheStats, Defined, EventMap, EventName } from '@tierstack/cache-core'
import { percent } from './advice.ts'
import type { Advice, Reloads } from './advice.ts'
import { adviseDefinition, leastReads } from './definition-advice.ts'
import { Ghosts } from './ghosts.ts'
import { sampleKeys } from './hot-keys.ts'

/** A cache to be advised on, whatever its keys and tiers. */
export interface Advised {
  stats(): CacheStats
  definitions(): readonly Defined[]
  on<E extends EventName>(event: E, listener: (event: EventMap[E]) => void): () => void
}

export interface Advisor {
  /**
   * What was found since the advisor began, the gravest first. Listens to reads for `sampleMs` (200) to find hot keys; with
   * 0 it doesn't.
   */
  readonly advice: (options?: {
    readonly sampleMs?: number
    readonly signal?: AbortSignal
  }) => Promise<Advice[]>
  readonly stop: () => void
}

const hotShare = 0.2
const order: readonly Advice['kind'][] = [
  'never-hit',
  'low-hit-rate',
  'ttl-too-long',
  'memory-too-small',
  'oversized',
  'hot-key',
  'ttl-too-short',
  'source-saved',
]
/** One of so many reloads is compared with what it replaces: comparing large values takes time. */
const comparedOfReloads = 4

/**
 * Watches a cache and tells, per definition, what its counters mean: not worth caching, ttl too short or too long for
 * how often its values change, values too large, hot keys; and for the memory in front, what more of it would bring.
 *
 * What it listens to happens on loads and evictions, never on hits.
 * @example
 * const { advice } = advisor(cache)
 * for (const { definition, found, fix } of await advice()) console.log(definition, found, fix)
 */
export function advisor(cache: Advised): Advisor {
  const reloads = new Map<string, { changed: number; same: number }>()
  const ghosts = new Ghosts()
  const first = Object.entries(cache.stats().tiers).find(([, { kind }]) => kind === 'local')
  const memory = first?.[0]
  let seen = 0
  const stops = [
    cache.on('load', (event) => {
      ghosts.missed(event.key())
      // What was removed has changed: only what ran out says something about the ttl.
      if (!['expired', 'swr', 'ahead'].includes(event.reason) || seen++ % comparedOfReloads !== 0) return
      const changed = event.changed()
      if (changed === undefined) return
      const own = reloads.get(event.def ?? '') ?? { changed: 0, same: 0 }
      own[changed ? 'changed' : 'same']++
      reloads.set(event.def ?? '', own)
    }),
    cache.on('backfill', (event) => {
      if (event.tier === memory) ghosts.missed(event.key())
    }),
    cache.on('evict', (event) => {
      if (event.tier === memory && event.cause === 'size') ghosts.dropped(event.key())
    }),
  ]
  return {
    async advice({ sampleMs = 200, signal } = {}) {
      const found = [
        ...adviseDefinitions(cache, reloads),
        ...adviseMemory(cache.stats(), memory, ghosts),
        ...(await adviseHotKeys(cache, sampleMs, signal)),
      ]
      return found.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    },
    stop() {
      for (const stop of stops) stop()
    },
  }
}

function adviseDefinitions(cache: Advised, reloads: ReadonlyMap<string, Reloads>): Advice[] {
  const defined = cache.definitions()
  return Object.entries(cache.stats().definitions).flatMap(([name, stats]) =>
    adviseDefinition(
      name,
      stats,
      defined.findLast((one) => one.name === name),
      reloads.get(name) ?? { changed: 0, same: 0 },
    ),
  )
}

function adviseMemory(stats: CacheStats, name: string | undefined, ghosts: Ghosts): Advice[] {
  const tier = name === undefined ? undefined : stats.tiers[name]
  if (name === undefined || tier?.size === undefined) return []
  let hits = 0
  let reads = 0
  for (const one of Object.values(stats.definitions)) {
    hits += one.hits[name] ?? 0
    reads += Object.values(one.hits).reduce((a, b) => a + b, 0) + one.stale + one.misses
  }
  const twice = ghosts.hitsWith(tier.size)
  const fourTimes = ghosts.hitsWith(3 * tier.size)
  if (reads < leastReads || fourTimes / reads < 0.02) return []
  const now = hits / reads
  const withTwice = (hits + twice) / reads
  const withFour = (hits + fourTimes) / reads
  return [
    {
      kind: 'memory-too-small',
      definition: undefined,
      tier: name,
      found: `${percent(now)} of the reads are hits there; with twice the entries it would have been ${percent(withTwice)}, with four times ${percent(withFour)}`,
      fix: 'Give it more memory (`maxBytes`, `maxEntries`).',
      figures: { now, withTwice, withFour, entries: tier.size },
    },
  ]
}

async function adviseHotKeys(cache: Advised, ms: number, signal: AbortSignal | undefined): Promise<Advice[]> {
  if (ms <= 0) return []
  const sample = await sampleKeys(cache, ms, { most: 5, ...(signal && { signal }) })
  if (sample.reads < leastReads) return []
  return sample.keys
    .map(({ key, reads }) => ({ key, share: reads / sample.reads }))
    .filter(({ share }) => share >= hotShare)
    .map(({ key, share }) => ({
      kind: 'hot-key',
      definition: /#([^@]*)@/.exec(key)?.[1],
      tier: undefined,
      found: `the key \`${key}\` gets ${percent(share)} of all reads`,
      fix: 'Make sure that it stays in memory, and give its definition `refreshAhead`, so that no reader waits when it expires.',
      figures: { share },
    }))
}
