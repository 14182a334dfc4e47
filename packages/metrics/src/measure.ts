import { metrics } from '@opentelemetry/api'
import type { Attributes, BatchObservableResult, Meter, MeterProvider, Observable } from '@opentelemetry/api'
import { checkKeys } from '@tierstack/cache-core'
import type { CacheStats, EventMap } from '@tierstack/cache-core'
import { durationBuckets, instruments } from './instruments.ts'
import type { Instrument, InstrumentKey } from './instruments.ts'
import { rawKeys, scopeName } from './names.ts'

/** What is measured: a cache, whatever its keys and tiers. */
export interface Measured {
  stats(): CacheStats
  on<E extends 'load' | 'call'>(event: E, listener: (event: EventMap[E]) => void): () => void
}

/** How far something that feeds the cache is behind; undefined while it isn't known. */
export type Lag = () => number | undefined

export interface MeasureOptions {
  /** @default the global one of `@opentelemetry/api` */
  readonly meterProvider?: MeterProvider
  /** Change feeds by name, each telling how many ms it is behind its database. @default {} */
  readonly feeds?: Readonly<Record<string, Lag>>
}

export const measureOptionNames: readonly (keyof MeasureOptions)[] = ['meterProvider', 'feeds']

type Observed = Exclude<InstrumentKey, 'loadDuration' | 'tierDuration' | 'shadowCompared' | 'shadowAge'>

/**
 * Publishes everything that a cache counts as OpenTelemetry metrics, until the returned function is called.
 *
 * The cache counts whether or not anybody listens; an exporter reads its counters when it collects, so a hit costs
 * nothing more than before. Two round-trip histograms are recorded as things happen: loads, and calls of remote tiers.
 *
 * Set up the SDK before, or give its `meterProvider`: instruments made earlier belong to nobody. Two caches of one
 * process need different namespaces, or their numbers overwrite each other.
 * @example
 * const stop = measure(cache)
 */
export function measure(cache: Measured, options: MeasureOptions = {}): () => void {
  checkKeys('measure options', options, measureOptionNames)
  const { meterProvider = metrics.getMeterProvider(), feeds = {} } = options
  const meter = meterProvider.getMeter(scopeName)
  const { namespace } = cache.stats()
  const own = { 'cache.namespace': namespace }
  const observed = observables(meter)
  const collect = (result: BatchObservableResult) => {
    const to: Sink = (key, value, attributes) =>
      result.observe(observed[key], value, { ...own, ...attributes })
    const stats = cache.stats()
    observeDefinitions(stats, to)
    observeTiers(stats, to)
    observeBuses(stats, to)
    for (const [name, lag] of Object.entries(feeds)) {
      // Not a number where it isn't known: a gauge that isn't observed would go on telling its last value.
      to('feedLag', (lag() ?? Number.NaN) / 1_000, { 'cache.feed': name })
    }
  }
  const all = Object.values(observed)
  meter.addBatchObservableCallback(collect, all)
  const stopEvents = recordDurations(cache, meter, own)
  return () => {
    meter.removeBatchObservableCallback(collect, all)
    stopEvents()
  }
}

type Sink = (key: Observed, value: number, attributes: Attributes) => void

function observables(meter: Meter): Record<Observed, Observable> {
  const made: Partial<Record<Observed, Observable>> = {}
  for (const [key, instrument] of Object.entries(instruments) as [Observed, Instrument][]) {
    const { name, kind, unit, description } = instrument
    // What shadows compare is recorded by them.
    if (kind === 'histogram' || name.startsWith('cache.shadow')) continue
    made[key] =
      kind === 'counter'
        ? meter.createObservableCounter(name, { unit, description })
        : meter.createObservableGauge(name, { unit, description })
  }
  return made as Record<Observed, Observable>
}

function observeDefinitions({ definitions }: CacheStats, to: Sink): void {
  for (const [name, one] of Object.entries(definitions)) {
    const definition = { 'cache.definition': name || rawKeys }
    for (const [reason, count] of Object.entries(one.missesBy)) {
      if (count > 0) to('misses', count, { ...definition, 'cache.reason': reason })
    }
    to('loads', one.loads, definition)
    to('loadErrors', one.loadErrors, definition)
    to('joined', one.joined, definition)
    to('waits', one.waits, definition)
    to('waitTime', one.waitMs / 1_000, definition)
    to('saved', one.savedMs / 1_000, definition)
    to('stored', one.stored, definition)
    to('storedSize', one.storedBytes, definition)
    to('largest', one.largestBytes, definition)
    for (const [tier, counts] of Object.entries(one.tiers)) {
      const at = { ...definition, 'cache.tier': tier }
      to('hits', counts.hits, { ...at, 'cache.state': 'fresh' })
      to('hits', counts.stale, { ...at, 'cache.state': 'stale' })
      to('backfills', counts.backfills, at)
      to('fenced', counts.fenced, at)
      to('refused', counts.refused, at)
      to('poisoned', counts.poisoned, at)
    }
  }
}

const breakerStates = { up: 0, degraded: 1, down: 2 } as const

function observeTiers({ tiers }: CacheStats, to: Sink): void {
  for (const [name, one] of Object.entries(tiers)) {
    const tier = { 'cache.tier': name }
    if (one.kind === 'local') {
      to('entries', one.size ?? 0, tier)
      to('size', one.bytes ?? 0, tier)
      to('evictions', one.evicted ?? 0, { ...tier, 'cache.cause': 'size' })
      to('evictions', one.expired ?? 0, { ...tier, 'cache.cause': 'expired' })
      continue
    }
    to('timeouts', one.timeouts, tier)
    to('errors', one.errors, tier)
    to('breakerState', breakerStates[one.state], tier)
    to('breakerOpened', one.opened, tier)
    to(one.kind === 'edge' ? 'purges' : 'journal', one.queued, tier)
  }
}

function observeBuses({ buses, removals, loads }: CacheStats, to: Sink): void {
  for (const [name, { gaps, live, lagMs }] of Object.entries(buses)) {
    const bus = { 'cache.bus': name }
    to('busGaps', gaps, bus)
    to('busLive', live ? 1 : 0, bus)
    if (lagMs !== undefined) to('busLag', lagMs / 1_000, bus)
  }
  for (const [origin, count] of Object.entries(removals)) to('removals', count, { 'cache.origin': origin })
  to('loadsRunning', loads.running, {})
  to('loadsQueued', loads.queued, {})
}

function recordDurations(cache: Measured, meter: Meter, own: Attributes): () => void {
  const histogram = ({ name, unit, description }: Instrument) =>
    meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: [...durationBuckets] },
    })
  const loads = histogram(instruments.loadDuration)
  const calls = histogram(instruments.tierDuration)
  const stops = [
    cache.on('load', ({ def, reason, ms }) =>
      loads.record(ms / 1_000, { ...own, 'cache.definition': def ?? rawKeys, 'cache.reason': reason }),
    ),
    cache.on('call', ({ tier, verb, outcome, ms }) =>
      calls.record(ms / 1_000, {
        ...own,
        'cache.tier': tier,
        'cache.verb': verb,
        'cache.outcome': outcome,
      }),
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
