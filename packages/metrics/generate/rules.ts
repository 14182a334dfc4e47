import { seriesName } from './exporter.ts'
import type { Exporter } from './exporter.ts'

interface Recording {
  readonly record: string
  readonly expr: string
}

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly severity: 'critical' | 'warning' | 'info'
  readonly summary: string
  readonly description: string
}

export type Rule = Recording | Alert

export interface RuleGroup {
  readonly name: string
  readonly rules: readonly Rule[]
}

const byDefinition = 'by (job, cache_namespace, cache_definition)'
const byTier = 'by (job, cache_namespace, cache_tier)'

/** Recording and alert rules. What is recorded has the same name whichever exporter is in use. */
export function ruleGroups(exporter: Exporter): RuleGroup[] {
  const m = (key: Parameters<typeof seriesName>[0]) => seriesName(key, exporter)
  const quantile = (key: 'loadDuration' | 'tierDuration', by: string) =>
    `histogram_quantile(0.99, sum ${by.replace('(', '(le, ')} (rate(${m(key)}_bucket[5m])))`
  const recordings: Recording[] = [
    {
      record: 'cache:reads:rate5m',
      expr: `sum ${byDefinition} (rate(${m('hits')}[5m]) or rate(${m('misses')}[5m]))`,
    },
    {
      record: 'cache:hit_ratio:rate5m',
      expr: `sum ${byDefinition} (rate(${m('hits')}[5m])) / (cache:reads:rate5m > 0)`,
    },
    {
      record: 'cache:stale_ratio:rate5m',
      expr: `sum ${byDefinition} (rate(${m('hits')}{cache_state="stale"}[5m])) / (cache:reads:rate5m > 0)`,
    },
    {
      record: 'cache:load_error_ratio:rate5m',
      expr: `sum ${byDefinition} (rate(${m('loadErrors')}[5m])) / (sum ${byDefinition} (rate(${m('loads')}[5m])) > 0)`,
    },
    { record: 'cache:load_duration_seconds:p99_5m', expr: quantile('loadDuration', byDefinition) },
    { record: 'cache:tier_duration_seconds:p99_5m', expr: quantile('tierDuration', byTier) },
    { record: 'cache:saved_seconds:rate5m', expr: `sum ${byDefinition} (rate(${m('saved')}[5m]))` },
  ]
  return [
    { name: 'tierstack-recordings', rules: recordings },
    { name: 'tierstack-reads', rules: readAlerts(m) },
    { name: 'tierstack-tiers', rules: tierAlerts(m) },
  ]
}

type Names = (key: Parameters<typeof seriesName>[0]) => string

function readAlerts(m: Names): Alert[] {
  return [
    {
      alert: 'CacheHitRateLow',
      expr: 'cache:hit_ratio:rate5m < 0.5 and cache:reads:rate5m > 1',
      for: '15m',
      severity: 'warning',
      summary: 'Less than half of the reads of {{ $labels.cache_definition }} are hits',
      description:
        'Hit rate {{ $value | humanizePercentage }}. Either its ttl is too short, memory is too small, or it is not worth caching: ask the advisor.',
    },
    {
      alert: 'CacheStaleServedTooLong',
      expr: 'cache:stale_ratio:rate5m > 0.1 and cache:reads:rate5m > 1',
      for: '10m',
      severity: 'warning',
      summary: 'Readers of {{ $labels.cache_definition }} have been getting stale values for 10 minutes',
      description:
        '{{ $value | humanizePercentage }} of the reads are answered with entries past their ttl: loads fail, or take longer than their entries are fresh.',
    },
    {
      alert: 'CacheStampede',
      expr: `sum ${byDefinition} (rate(${m('joined')}[5m])) > 20 * (sum ${byDefinition} (rate(${m('loads')}[5m])) > 0) and sum ${byDefinition} (rate(${m('joined')}[5m])) > 20`,
      for: '1m',
      severity: 'warning',
      summary: 'Many readers of {{ $labels.cache_definition }} wait for few loads',
      description:
        '{{ $value | humanize }} reads per second join loads that are running. The source is spared; its readers wait. Give it `swr` or `refreshAhead`.',
    },
    {
      alert: 'CacheLoadsQueued',
      expr: `min_over_time(${m('loadsQueued')}[1m]) > 0`,
      for: '1m',
      severity: 'warning',
      summary: 'Loads of {{ $labels.cache_namespace }} have been queueing for a minute',
      description:
        '{{ $value }} loads wait for a place in the bulkhead: the source is slow, or `bulkhead.concurrentLoads` is too small.',
    },
    {
      alert: 'CacheLoadsFail',
      expr: 'cache:load_error_ratio:rate5m > 0.05',
      for: '5m',
      severity: 'critical',
      summary: 'Loads of {{ $labels.cache_definition }} fail',
      description: '{{ $value | humanizePercentage }} of the loads fail.',
    },
    {
      alert: 'CacheEntryPoisoned',
      expr: `sum ${byDefinition} (increase(${m('poisoned')}[10m])) > 0`,
      severity: 'warning',
      summary: 'Entries of {{ $labels.cache_definition }} could not be read',
      description:
        'They counted as misses. Either two versions of the program disagree about the shape of a value, or somebody else writes to these keys.',
    },
    {
      alert: 'CacheStalenessMeasured',
      expr: `sum ${byDefinition} (increase(${m('shadowCompared')}{cache_outcome="stale"}[1h])) / (sum ${byDefinition} (increase(${m('shadowCompared')}[1h])) > 10) > 0.01`,
      severity: 'critical',
      summary: 'Hits on {{ $labels.cache_definition }} differ from the source',
      description:
        '{{ $value | humanizePercentage }} of the hits compared. A write path does not invalidate, or changes come from elsewhere.',
    },
  ]
}

function tierAlerts(m: Names): Alert[] {
  return [
    {
      alert: 'CacheTierDown',
      expr: `${m('breakerState')} == 2`,
      for: '15s',
      severity: 'critical',
      summary: 'The cache {{ $labels.cache_namespace }} does without its tier {{ $labels.cache_tier }}',
      description:
        'Its breaker is open: the server does not answer. Reads go on without it, removals are queued, the source carries more load.',
    },
    {
      alert: 'CacheTierFlapping',
      expr: `increase(${m('breakerOpened')}[10m]) > 3`,
      severity: 'warning',
      summary: 'The tier {{ $labels.cache_tier }} keeps going out of use',
      description: '{{ $value | humanize }} times in 10 minutes.',
    },
    {
      alert: 'CacheBusGap',
      expr: `increase(${m('busGaps')}[5m]) > 0`,
      severity: 'warning',
      summary: 'Messages of the bus {{ $labels.cache_bus }} may have been lost',
      description:
        'Local entries were taken for suspect and are asked for again when they are used. Once is a lost connection; again and again is a network that drops, or a server that is too slow.',
    },
    {
      alert: 'CacheBusSilent',
      expr: `${m('busLive')} == 0`,
      for: '15s',
      severity: 'critical',
      summary: 'The bus {{ $labels.cache_bus }} does not prove that it is alive',
      description:
        'Local entries are served only for `suspectTtl`: nearly every read asks a farther tier or the source.',
    },
    {
      alert: 'CacheEvictionsHigh',
      expr: `sum ${byTier} (rate(${m('evictions')}{cache_cause="size"}[5m])) > sum ${byTier} (${m('entries')}) / 60`,
      for: '10m',
      severity: 'warning',
      summary: 'The tier {{ $labels.cache_tier }} turns over within a minute',
      description:
        '{{ $value | humanize }} entries per second are dropped for space. The advisor tells what more memory would bring.',
    },
    {
      alert: 'CacheJournalGrowing',
      expr: `${m('journal')} > 0 and deriv(${m('journal')}[5m]) >= 0`,
      for: '1m',
      severity: 'critical',
      summary: 'Removals wait for the tier {{ $labels.cache_tier }}',
      description:
        '{{ $value }} names. They are not lost as long as the process lives, and their keys stay away from the tier; but other processes may still read the old values there.',
    },
    {
      alert: 'CacheFeedBehind',
      expr: `${m('feedLag')} > 30`,
      for: '1m',
      severity: 'critical',
      summary: 'The change feed {{ $labels.cache_feed }} is behind its database',
      description: '{{ $value | humanizeDuration }}: changes made by others are not yet invalidated.',
    },
    {
      alert: 'CacheFeedUnknown',
      // NaN, which equals nothing: the feed can't tell how far it is behind.
      expr: `${m('feedLag')} != ${m('feedLag')}`,
      for: '1m',
      severity: 'critical',
      summary: 'The change feed {{ $labels.cache_feed }} does not know how far it is behind',
      description: 'It is not connected: changes made by others are not invalidated.',
    },
    {
      alert: 'CachePurgesQueued',
      expr: `min_over_time(${m('purges')}[5m]) > 0`,
      for: '1m',
      severity: 'critical',
      summary: 'Purges wait for the edge {{ $labels.cache_tier }}',
      description: '{{ $value }} purges: the CDN serves what was removed.',
    },
  ]
}
