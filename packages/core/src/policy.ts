import { parseDuration, parseTtl } from './duration.ts'
import type { Duration, TtlPreset } from './duration.ts'
import { checkKeys, checkOneOf, expectation } from './expectation.ts'
import type { Isolation } from './isolate.ts'

/** A duration, or the name of one. */
export type Ttl = Duration | TtlPreset

/** How long entries are fresh, and how long after that they may still serve. Windows add to `ttl` (RFC 5861). */
export interface Freshness<N extends string = string> {
  /**
   * Fresh for this long, counted from the instant at which the load began. One for all tiers, or by tier name.
   * `0` = don't store, `Infinity` = until removed.
   * @default '5m'
   */
  ttl?: Ttl | ({ readonly default?: Ttl } & { readonly [K in N]?: Ttl })
  /** stale-while-revalidate: this long after `ttl`, a stale entry is served while it is loaded anew. @default 0 */
  swr?: Duration
  /** stale-if-error: this long after `ttl`, a stale entry is served when loading fails. @default 0 */
  staleIfError?: Duration
  /**
   * Refresh in the background before expiry: a share of the ttl after which a hit triggers it (`0.8`), or `'xfetch'`
   * (probabilistic, by load time: Vattani et al., "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015).
   * @default false
   */
  refreshAhead?: number | 'xfetch' | false
  /** Share of the ttl by which each entry's life is randomly shortened, so that entries don't expire together. @default 0.1 */
  jitter?: number | false
  /** An entry not read for this long in a local tier is expired. @default Infinity */
  idleTtl?: Duration
  /** ttl of a `null`. @default as `ttl` */
  negativeTtl?: Ttl
  /** A failed load isn't repeated for this long; its error is given to all who ask. @default '1s' */
  errorTtl?: Duration
}

/** How long each step may take; numbers are ms. None of them makes a read fail but `hard`. */
export interface Timeouts {
  /** One read or fill of one remote tier; past it the tier counts as a miss. For the whole cache only. @default '50ms' */
  tier?: Duration
  /** One removal at one remote tier; past it the removal is queued. @default '500ms' */
  removal?: Duration
  /** How long to wait for another process that loads the same key. @default '2s' */
  lock?: Duration
  /** A load slower than this answers with a stale entry, where `swr` or `staleIfError` allow it. @default Infinity */
  soft?: Duration
  /** A load slower than this is aborted. @default '10s' */
  hard?: Duration
  /** Longest time between the announcement of a `write()` and its commit. @default '10s' */
  write?: Duration
}

/** How entries live and how the chain treats them: of a cache, a namespace, a definition, or one call. */
export interface Policy<N extends string = string> extends Freshness<N> {
  timeouts?: Timeouts
  /** Who shares a load: all processes (`lease`), this process, or nobody. @default 'lease' */
  flight?: 'lease' | 'process' | false
  /** Whether a reader waits until its load is stored in the remote tiers. @default 'background' */
  writes?: 'background' | 'await'
  /** How callers are kept from changing what others get. @default 'freeze' */
  isolation?: Isolation
  /** `strict`: a removal that a tier didn't confirm rejects (it is applied later all the same). @default 'queue' */
  invalidation?: 'queue' | 'strict'
}

export interface ResolvedTimeouts {
  readonly tier: number
  readonly removal: number
  readonly lock: number
  readonly soft: number
  readonly hard: number
  readonly write: number
}

export interface ResolvedPolicy {
  /** By position in the chain. */
  readonly ttls: readonly number[]
  /** True when each tier was given its own ttl: a loader's `ctx.ttl()` then can't lengthen them. */
  readonly perTier: boolean
  readonly swr: number
  readonly staleIfError: number
  readonly refreshAhead: number | 'xfetch' | false
  readonly jitter: number
  readonly idleTtl: number
  readonly negativeTtl: number | undefined
  readonly errorTtl: number
  readonly timeouts: ResolvedTimeouts
  readonly flight: 'lease' | 'process' | false
  readonly writes: 'background' | 'await'
  readonly isolation: Isolation
  readonly invalidation: 'queue' | 'strict'
}

export const policyKeys = [
  'ttl',
  'swr',
  'staleIfError',
  'refreshAhead',
  'jitter',
  'idleTtl',
  'negativeTtl',
  'errorTtl',
  'timeouts',
  'flight',
  'writes',
  'isolation',
  'invalidation',
] as const

const timeoutKeys = ['tier', 'removal', 'lock', 'soft', 'hard', 'write'] as const

export function defaultPolicy(tierNames: readonly string[]): ResolvedPolicy {
  return {
    ttls: tierNames.map(() => 300_000),
    perTier: false,
    swr: 0,
    staleIfError: 0,
    refreshAhead: false,
    jitter: 0.1,
    idleTtl: Number.POSITIVE_INFINITY,
    negativeTtl: undefined,
    errorTtl: 1_000,
    timeouts: {
      tier: 50,
      removal: 500,
      lock: 2_000,
      soft: Number.POSITIVE_INFINITY,
      hard: 10_000,
      write: 10_000,
    },
    flight: 'lease',
    writes: 'background',
    isolation: 'freeze',
    invalidation: 'queue',
  }
}

function resolveTtls(given: unknown, outer: ResolvedPolicy, names: readonly string[]): readonly number[] {
  if (typeof given !== 'object' || given === null) {
    const ttl = parseTtl('ttl', given)
    return names.map(() => ttl)
  }
  checkKeys('ttl', given, ['default', ...names])
  const by = given as Record<string, unknown>
  const rest = by['default'] === undefined ? undefined : parseTtl('ttl.default', by['default'])
  return names.map((name, i) =>
    by[name] === undefined ? (rest ?? (outer.ttls[i] as number)) : parseTtl(`ttl.${name}`, by[name]),
  )
}

function resolveRefreshAhead(given: unknown): number | 'xfetch' | false {
  if (given === false || given === 'xfetch') return given
  if (typeof given === 'number' && given > 0 && given < 1) return given
  throw expectation('refreshAhead', "a share of the ttl between 0 and 1, 'xfetch' or false", given)
}

function resolveJitter(given: unknown): number {
  if (given === false) return 0
  if (typeof given === 'number' && given >= 0 && given < 1) return given
  throw expectation('jitter', 'a share of the ttl from 0 to less than 1, or false', given)
}

function resolveTimeouts(
  given: Timeouts | undefined,
  outer: ResolvedTimeouts,
  whole: boolean,
): ResolvedTimeouts {
  if (given === undefined) return outer
  checkKeys('timeouts', given, timeoutKeys)
  if (given.tier !== undefined && !whole) {
    // The reads of a turn of the event loop share one round trip, and with it one deadline.
    throw expectation(
      'timeouts.tier',
      'set in the options of `createCache`, for all definitions alike',
      given.tier,
    )
  }
  const resolved: Record<string, number> = { ...outer }
  for (const key of timeoutKeys) {
    if (given[key] === undefined) continue
    resolved[key] = parseDuration(`timeouts.${key}`, given[key])
    if (resolved[key] === 0) throw expectation(`timeouts.${key}`, 'more than 0', given[key])
  }
  return resolved as unknown as ResolvedTimeouts
}

/** The policy with what `given` sets on top of `outer`. Doesn't check for unknown keys: the callers know theirs. */
export function resolvePolicy(
  given: Policy,
  outer: ResolvedPolicy,
  tierNames: readonly string[],
  whole = false,
): ResolvedPolicy {
  const duration = (key: 'swr' | 'staleIfError' | 'idleTtl' | 'errorTtl'): number =>
    given[key] === undefined ? outer[key] : parseDuration(key, given[key])
  const idleTtl = duration('idleTtl')
  if (idleTtl === 0) throw expectation('idleTtl', 'more than 0', given.idleTtl)
  return Object.freeze({
    ttls: given.ttl === undefined ? outer.ttls : resolveTtls(given.ttl, outer, tierNames),
    perTier: given.ttl === undefined ? outer.perTier : typeof given.ttl === 'object',
    swr: duration('swr'),
    staleIfError: duration('staleIfError'),
    refreshAhead:
      given.refreshAhead === undefined ? outer.refreshAhead : resolveRefreshAhead(given.refreshAhead),
    jitter: given.jitter === undefined ? outer.jitter : resolveJitter(given.jitter),
    idleTtl,
    negativeTtl:
      given.negativeTtl === undefined ? outer.negativeTtl : parseTtl('negativeTtl', given.negativeTtl),
    errorTtl: duration('errorTtl'),
    timeouts: resolveTimeouts(given.timeouts, outer.timeouts, whole),
    flight:
      given.flight === undefined
        ? outer.flight
        : checkOneOf('flight', given.flight, ['lease', 'process', false]),
    writes:
      given.writes === undefined ? outer.writes : checkOneOf('writes', given.writes, ['background', 'await']),
    isolation:
      given.isolation === undefined
        ? outer.isolation
        : checkOneOf('isolation', given.isolation, ['freeze', 'clone', 'reference']),
    invalidation:
      given.invalidation === undefined
        ? outer.invalidation
        : checkOneOf('invalidation', given.invalidation, ['queue', 'strict']),
  })
}
