import { seriesName } from './exporter.ts'
import type { Exporter } from './exporter.ts'

type Names = (key: Parameters<typeof seriesName>[0]) => string

interface Case {
  readonly about: string
  /** Series by selector, in the notation of promtool: start, step per minute, and how often. */
  readonly series: Readonly<Record<string, string>>
  readonly at: string
  readonly alert: string
  /** Labels of the alerts that fire then. */
  readonly firing: readonly Readonly<Record<string, string>>[]
}

const job = 'job="shop",instance="a",cache_namespace="shop"'
const definition = { job: 'shop', cache_namespace: 'shop', cache_definition: 'user' }
const tier = { job: 'shop', instance: 'a', cache_namespace: 'shop', cache_tier: 'redis' }

/** Each alert: a case where it fires, and one where it must not. */
function cases(m: Names): Case[] {
  const hits = (state = 'fresh') =>
    `${m('hits')}{${job},cache_definition="user",cache_tier="memory",cache_state="${state}"}`
  const misses = `${m('misses')}{${job},cache_definition="user",cache_reason="miss"}`
  const of = (key: Parameters<Names>[0], more = 'cache_definition="user"') => `${m(key)}{${job},${more}}`
  const at = (key: Parameters<Names>[0]) => of(key, 'cache_tier="redis"')
  return [
    {
      about: 'two of three reads miss for half an hour',
      series: { [hits()]: '0+600x30', [misses]: '0+1200x30' },
      at: '25m',
      alert: 'CacheHitRateLow',
      firing: [{ ...definition, severity: 'warning' }],
    },
    {
      about: 'two of three reads hit',
      series: { [hits()]: '0+1200x30', [misses]: '0+600x30' },
      at: '25m',
      alert: 'CacheHitRateLow',
      firing: [],
    },
    {
      about: 'a definition that is hardly read',
      series: { [hits()]: '0+1x30', [misses]: '0+2x30' },
      at: '25m',
      alert: 'CacheHitRateLow',
      firing: [],
    },
    {
      about: 'a fifth of the answers is stale',
      series: { [hits()]: '0+800x20', [hits('stale')]: '0+200x20', [misses]: '0+0x20' },
      at: '18m',
      alert: 'CacheStaleServedTooLong',
      firing: [{ ...definition, severity: 'warning' }],
    },
    {
      about: 'stale for three minutes only',
      series: { [hits()]: '0+800x20', [hits('stale')]: '0x10 200+200x3 800x7', [misses]: '0+0x20' },
      at: '18m',
      alert: 'CacheStaleServedTooLong',
      firing: [],
    },
    {
      about: 'fifty readers a second wait for one load',
      series: { [of('joined')]: '0+3000x10', [of('loads')]: '0+60x10' },
      at: '5m',
      alert: 'CacheStampede',
      firing: [{ ...definition, severity: 'warning' }],
    },
    {
      about: 'two readers to a load',
      series: { [of('joined')]: '0+3000x10', [of('loads')]: '0+3000x10' },
      at: '5m',
      alert: 'CacheStampede',
      firing: [],
    },
    {
      about: 'loads queue',
      series: { [`${m('loadsQueued')}{${job}}`]: '5x10' },
      at: '5m',
      alert: 'CacheLoadsQueued',
      firing: [{ job: 'shop', instance: 'a', cache_namespace: 'shop', severity: 'warning' }],
    },
    {
      about: 'loads queued for a moment',
      series: { [`${m('loadsQueued')}{${job}}`]: '0 0 5 0 0 0 0 0' },
      at: '5m',
      alert: 'CacheLoadsQueued',
      firing: [],
    },
    {
      about: 'every tenth load fails',
      series: { [of('loads')]: '0+100x15', [of('loadErrors')]: '0+10x15' },
      at: '12m',
      alert: 'CacheLoadsFail',
      firing: [{ ...definition, severity: 'critical' }],
    },
    {
      about: 'one load in a hundred fails',
      series: { [of('loads')]: '0+100x15', [of('loadErrors')]: '0+1x15' },
      at: '12m',
      alert: 'CacheLoadsFail',
      firing: [],
    },
    {
      about: 'a frame that could not be read',
      series: { [of('poisoned', 'cache_definition="user",cache_tier="redis"')]: '0x5 1x10' },
      at: '8m',
      alert: 'CacheEntryPoisoned',
      firing: [{ ...definition, severity: 'warning' }],
    },
    {
      about: 'a frame that could not be read, an hour ago',
      series: { [of('poisoned', 'cache_definition="user",cache_tier="redis"')]: '0x5 1x60' },
      at: '60m',
      alert: 'CacheEntryPoisoned',
      firing: [],
    },
    {
      about: 'one compared hit in ten differs',
      series: {
        [of('shadowCompared', 'cache_definition="user",cache_outcome="stale"')]: '0+1x60',
        [of('shadowCompared', 'cache_definition="user",cache_outcome="same"')]: '0+9x60',
      },
      at: '60m',
      alert: 'CacheStalenessMeasured',
      firing: [{ ...definition, severity: 'critical' }],
    },
    {
      about: 'no compared hit differs',
      series: {
        [of('shadowCompared', 'cache_definition="user",cache_outcome="stale"')]: '0x60',
        [of('shadowCompared', 'cache_definition="user",cache_outcome="same"')]: '0+9x60',
      },
      at: '60m',
      alert: 'CacheStalenessMeasured',
      firing: [],
    },
    {
      about: 'the breaker is open',
      series: { [at('breakerState')]: '0 2 2 2 2' },
      at: '3m',
      alert: 'CacheTierDown',
      firing: [{ ...tier, severity: 'critical' }],
    },
    {
      about: 'the tier is settling',
      series: { [at('breakerState')]: '0 1 1 1 1' },
      at: '3m',
      alert: 'CacheTierDown',
      firing: [],
    },
    {
      about: 'the breaker opens every other minute',
      series: { [at('breakerOpened')]: '0 1 1 2 2 3 3 4 4 5 5' },
      at: '10m',
      alert: 'CacheTierFlapping',
      firing: [{ ...tier, severity: 'warning' }],
    },
    {
      about: 'the breaker opened once',
      series: { [at('breakerOpened')]: '0 0 1 1 1 1 1 1 1 1 1' },
      at: '10m',
      alert: 'CacheTierFlapping',
      firing: [],
    },
    {
      about: 'a gap',
      series: { [of('busGaps', 'cache_bus="redis"')]: '0 0 1 1 1' },
      at: '4m',
      alert: 'CacheBusGap',
      firing: [
        { job: 'shop', instance: 'a', cache_namespace: 'shop', cache_bus: 'redis', severity: 'warning' },
      ],
    },
    {
      about: 'no gap',
      series: { [of('busGaps', 'cache_bus="redis"')]: '3x5' },
      at: '4m',
      alert: 'CacheBusGap',
      firing: [],
    },
    {
      about: 'a silent bus',
      series: { [of('busLive', 'cache_bus="redis"')]: '1 0 0 0 0' },
      at: '3m',
      alert: 'CacheBusSilent',
      firing: [
        { job: 'shop', instance: 'a', cache_namespace: 'shop', cache_bus: 'redis', severity: 'critical' },
      ],
    },
    {
      about: 'a bus that vouches',
      series: { [of('busLive', 'cache_bus="redis"')]: '1x5' },
      at: '3m',
      alert: 'CacheBusSilent',
      firing: [],
    },
    {
      about: 'a hundred entries of a thousand go every second',
      series: {
        [of('evictions', 'cache_tier="memory",cache_cause="size"')]: '0+6000x20',
        [of('entries', 'cache_tier="memory"')]: '1000x20',
      },
      at: '18m',
      alert: 'CacheEvictionsHigh',
      firing: [{ job: 'shop', cache_namespace: 'shop', cache_tier: 'memory', severity: 'warning' }],
    },
    {
      about: 'what goes had expired',
      series: {
        [of('evictions', 'cache_tier="memory",cache_cause="expired"')]: '0+6000x20',
        [of('evictions', 'cache_tier="memory",cache_cause="size"')]: '0x20',
        [of('entries', 'cache_tier="memory"')]: '1000x20',
      },
      at: '18m',
      alert: 'CacheEvictionsHigh',
      firing: [],
    },
    {
      about: 'more and more removals wait',
      series: { [at('journal')]: '0+10x10' },
      at: '5m',
      alert: 'CacheJournalGrowing',
      firing: [{ ...tier, severity: 'critical' }],
    },
    {
      about: 'the journal is being replayed',
      series: { [at('journal')]: '100-20x4 0x5' },
      at: '4m',
      alert: 'CacheJournalGrowing',
      firing: [],
    },
    {
      about: 'a feed is two minutes behind',
      series: { [of('feedLag', 'cache_feed="orders"')]: '0 120 120 120 120' },
      at: '4m',
      alert: 'CacheFeedBehind',
      firing: [
        { job: 'shop', instance: 'a', cache_namespace: 'shop', cache_feed: 'orders', severity: 'critical' },
      ],
    },
    {
      about: 'a feed that keeps up',
      series: { [of('feedLag', 'cache_feed="orders"')]: '0.1x5' },
      at: '4m',
      alert: 'CacheFeedBehind',
      firing: [],
    },
    {
      about: 'a feed that does not know',
      series: { [of('feedLag', 'cache_feed="orders"')]: '0 NaN NaN NaN NaN' },
      at: '4m',
      alert: 'CacheFeedUnknown',
      firing: [
        { job: 'shop', instance: 'a', cache_namespace: 'shop', cache_feed: 'orders', severity: 'critical' },
      ],
    },
    {
      about: 'a feed that knows',
      series: { [of('feedLag', 'cache_feed="orders"')]: '500x5' },
      at: '4m',
      alert: 'CacheFeedUnknown',
      firing: [],
    },
    {
      about: 'purges have been waiting',
      series: { [of('purges', 'cache_tier="fastly"')]: '3x12' },
      at: '8m',
      alert: 'CachePurgesQueued',
      firing: [{ ...tier, cache_tier: 'fastly', severity: 'critical' }],
    },
    {
      about: 'purges come and go',
      series: { [of('purges', 'cache_tier="fastly"')]: '3 0 3 0 3 0 3 0 3 0 3' },
      at: '8m',
      alert: 'CachePurgesQueued',
      firing: [],
    },
  ]
}

/** Unit tests of the rules, for `promtool test rules`. */
export function ruleTests(exporter: Exporter): string {
  const m: Names = (key) => seriesName(key, exporter)
  const lines = [
    '# Made by `pnpm generate` from generate/rule-tests.ts.',
    'rule_files: [rules.yml]',
    'evaluation_interval: 1m',
    'tests:',
  ]
  for (const { about, series, at, alert, firing } of cases(m)) {
    lines.push(`  - name: ${JSON.stringify(`${alert}: ${about}`)}`, '    interval: 1m', '    input_series:')
    for (const [selector, values] of Object.entries(series)) {
      lines.push(`      - { series: ${JSON.stringify(selector)}, values: ${JSON.stringify(values)} }`)
    }
    lines.push('    promql_expr_test:')
    lines.push(`      - eval_time: ${at}`)
    lines.push(`        expr: ${JSON.stringify(`ALERTS{alertname="${alert}",alertstate="firing"}`)}`)
    const samples = firing.map((labels) => {
      const all = { alertname: alert, alertstate: 'firing', ...labels }
      const text = Object.entries(all).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      return `          - { labels: ${JSON.stringify(`ALERTS{${text.join(',')}}`)}, value: 1 }`
    })
    lines.push(samples.length === 0 ? '        exp_samples: []' : '        exp_samples:', ...samples)
  }
  return `${lines.join('\n')}\n`
}

/** Names of the alerts that some case makes fire, and of those that some case keeps from firing. */
export function testedAlerts(): { readonly fire: ReadonlySet<string>; readonly rest: ReadonlySet<string> } {
  const all = cases((key) => seriesName(key, 'javascript'))
  return {
    fire: new Set(all.filter(({ firing }) => firing.length > 0).map(({ alert }) => alert)),
    rest: new Set(all.filter(({ firing }) => firing.length === 0).map(({ alert }) => alert)),
  }
}
