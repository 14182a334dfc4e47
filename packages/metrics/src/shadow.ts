import { isDeepStrictEqual } from 'node:util'
import { metrics } from '@opentelemetry/api'
import type { MeterProvider } from '@opentelemetry/api'
import { checkKeys, expectation } from '@tierstack/cache-core'
import type { CacheStats, Cached, Defined, KeyOf } from '@tierstack/cache-core'
import { ageBuckets, instruments } from './instruments.ts'
import { scopeName } from './names.ts'

export interface ShadowOptions<V> {
  /** Share of the reads of which the hits are compared. @default 0.001 */
  readonly share?: number
  /** Most comparisons under way at once: a slow source isn't asked more often. @default 1 */
  readonly concurrency?: number
  /**
   * After a difference, this many ms until the entry is looked at again: if it was removed meanwhile, its removal was on
   * its way, and nobody would have read it after. @default 1000
   */
  readonly settleMs?: number
  /** Whether two values are the same. @default structurally equal, whatever their prototypes */
  readonly equal?: (held: V, loaded: V) => boolean
  /** @default the global one of `@opentelemetry/api` */
  readonly meterProvider?: MeterProvider
  /** @default Math.random */
  readonly random?: () => number
}

export const shadowOptionNames: readonly (keyof ShadowOptions<unknown>)[] = [
  'share',
  'concurrency',
  'settleMs',
  'equal',
  'meterProvider',
  'random',
]

/** What was measured so far. */
export interface ShadowReport {
  /** Hits compared: those that were the same, and those that weren't. */
  readonly compared: number
  readonly stale: number
  /** `stale` of `compared`; 0 where nothing was compared. */
  readonly staleRatio: number
  /** Differences whose removal was on its way. */
  readonly overtaken: number
  /** Comparisons whose load failed. */
  readonly failed: number
  /** Comparisons under way. */
  readonly running: number
  /** Age of the stale ones since their load began, ms; 0 where there were none. */
  readonly meanAgeMs: number
  readonly maxAgeMs: number
}

export interface Shadowed<K extends KeyOf, V, N extends string> extends Cached<K, V, N> {
  /** What was measured so far. */
  shadow(): ShadowReport
}

/** The cache that the definition belongs to. */
export interface Shadowing {
  stats(): Pick<CacheStats, 'namespace'>
  definitions(): readonly Defined[]
}

type Outcome = 'same' | 'stale' | 'overtaken' | 'failed'

/**
 * Measures how often readers of a definition get old values: for a share of its reads, a hit is loaded again in the
 * background and compared. What is loaded is stored nowhere. Use what it returns in place of the definition; it counts
 * plain calls (not `peek` or `many`), and costs each of them one subtraction.
 * @example
 * const userById = shadow(cache, cache.define({ name: 'user.byId', load }), { share: 0.01 })
 */
export function shadow<K extends KeyOf, V, N extends string>(
  cache: Shadowing,
  cached: Cached<K, V, N>,
  options: ShadowOptions<V> = {},
): Shadowed<K, V, N> {
  checkKeys('shadow options', options, shadowOptionNames)
  const { share = 0.001, concurrency = 1, random = Math.random } = options
  if (!(share > 0 && share <= 1)) throw expectation('share', 'a number above 0, at most 1', share)
  const comparison = new Comparison(cache, cached, options)
  const gap = () => (share === 1 ? 0 : Math.floor(Math.log(1 - random()) / Math.log(1 - share)))
  let left = gap()
  const call = (input: K, given?: Parameters<typeof cached>[1]): Promise<V> => {
    if (left-- > 0) return cached(input, given)
    left = gap()
    if (given === undefined && comparison.running < concurrency) void comparison.run(input)
    return cached(input, given)
  }
  return Object.assign(call, cached, { shadow: () => comparison.report() })
}

class Comparison<K extends KeyOf, V, N extends string> {
  running = 0
  readonly #cached: Cached<K, V, N>
  readonly #equal: (held: V, loaded: V) => boolean
  readonly #settleMs: number
  readonly #record: (outcome: Outcome, age: number) => void
  readonly #counts: Record<Outcome, number> = { same: 0, stale: 0, overtaken: 0, failed: 0 }
  #ageSum = 0
  #ageMax = 0

  constructor(cache: Shadowing, cached: Cached<K, V, N>, options: ShadowOptions<V>) {
    const { equal = alike, settleMs = 1_000, meterProvider = metrics.getMeterProvider() } = options
    this.#cached = cached
    this.#equal = equal
    this.#settleMs = settleMs
    const name = cache.definitions().find((one) => (one.cached as unknown) === cached)?.name
    if (name === undefined) throw expectation('cached', 'a definition of this cache', cached)
    this.#record = recorder(meterProvider, {
      'cache.namespace': cache.stats().namespace,
      'cache.definition': name,
    })
  }

  /** Never rejects. */
  async run(input: K): Promise<void> {
    this.running++
    try {
      // Looked at before the read: what isn't there now is no hit.
      const held = await this.#cached.entry(input)
      if (held === undefined || held.state === 'error-only') return
      const loaded = await this.#cached.uncached(input)
      if (loaded === undefined || this.#equal(held.value, loaded)) {
        this.#count('same', 0)
        return
      }
      await new Promise((resolve) => setTimeout(resolve, this.#settleMs).unref())
      const still = await this.#cached.entry(input)
      if (still === undefined || !this.#equal(still.value, held.value)) this.#count('overtaken', 0)
      else this.#count('stale', held.age)
    } catch {
      this.#count('failed', 0)
    } finally {
      this.running--
    }
  }

  report(): ShadowReport {
    const { same, stale, overtaken, failed } = this.#counts
    const compared = same + stale
    return {
      compared,
      stale,
      staleRatio: compared === 0 ? 0 : stale / compared,
      overtaken,
      failed,
      running: this.running,
      meanAgeMs: stale === 0 ? 0 : this.#ageSum / stale,
      maxAgeMs: this.#ageMax,
    }
  }

  #count(outcome: Outcome, age: number): void {
    this.#counts[outcome]++
    this.#ageSum += age
    this.#ageMax = Math.max(this.#ageMax, age)
    this.#record(outcome, age)
  }
}

function recorder(
  provider: MeterProvider,
  own: Record<string, string>,
): (outcome: Outcome, age: number) => void {
  const meter = provider.getMeter(scopeName)
  const { shadowCompared, shadowAge } = instruments
  const compared = meter.createCounter(shadowCompared.name, shadowCompared)
  const ages = meter.createHistogram(shadowAge.name, {
    ...shadowAge,
    advice: { explicitBucketBoundaries: [...ageBuckets] },
  })
  return (outcome, age) => {
    compared.add(1, { ...own, 'cache.outcome': outcome })
    if (outcome === 'stale') ages.record(age / 1_000, own)
  }
}

/** What comes from a far tier has lost its prototypes: they don't count. */
function alike(held: unknown, loaded: unknown): boolean {
  if (isDeepStrictEqual(held, loaded)) return true
  try {
    return isDeepStrictEqual(structuredClone(held), structuredClone(loaded))
  } catch {
    return false
  }
}
