import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'
import { seriesName } from './exporter.ts'
import type { Exporter } from './exporter.ts'

const source = { type: 'prometheus', uid: '$datasource' }
const own = 'cache_namespace=~"$namespace"'

interface Query {
  readonly expr: string
  readonly legend: string
}

interface Chart {
  readonly title: string
  readonly unit: string
  readonly queries: readonly Query[]
  readonly description?: string
  readonly width?: number
  readonly most?: number
}

function withQueries<B extends { withTarget(target: DataqueryBuilder): B }>(
  panel: B,
  queries: readonly Query[],
): B {
  for (const { expr, legend } of queries) {
    panel.withTarget(new DataqueryBuilder().datasource(source).expr(expr).legendFormat(legend))
  }
  return panel
}

function chart({ title, unit, queries, description = '', width = 8, most }: Chart): Builder<Panel> {
  const panel = new TimeSeries()
    .title(title)
    .description(description)
    .datasource(source)
    .unit(unit)
    .min(0)
    .height(8)
    .span(width)
  if (most !== undefined) panel.max(most)
  return withQueries(panel, queries)
}

function number({ title, unit, queries, description = '' }: Chart): Builder<Panel> {
  return withQueries(
    new Stat().title(title).description(description).datasource(source).unit(unit).height(4).span(4),
    queries,
  )
}

/** The dashboard of one or all caches that a Prometheus knows. Its queries need no recording rules. */
export function dashboard(exporter: Exporter): Dashboard {
  const m = (key: Parameters<typeof seriesName>[0]) => seriesName(key, exporter)
  const rate = (key: Parameters<typeof seriesName>[0], more = '') =>
    `rate(${m(key)}{${own}${more}}[$__rate_interval])`
  const per = (label: string, key: Parameters<typeof seriesName>[0], more = ''): Query => ({
    expr: `sum by (${label}) (${rate(key, more)})`,
    legend: `{{${label}}}`,
  })
  const quantile = (q: number, label: string, key: 'loadDuration' | 'tierDuration'): Query => ({
    expr: `histogram_quantile(${q}, sum by (le, ${label}) (rate(${m(key)}_bucket{${own}}[$__rate_interval])))`,
    legend: `{{${label}}} p${q * 100}`,
  })
  const reads = `sum(${rate('hits')} or ${rate('misses')})`
  const board = new DashboardBuilder('Tierstack')
    .uid('tierstack')
    .tags(['cache', 'tierstack'])
    .refresh('10s')
    .time({ from: 'now-30m', to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('namespace')
        .label('Namespace')
        .datasource(source)
        .query(`label_values(${m('loads')}, cache_namespace)`)
        .includeAll(true)
        .multi(true)
        .allValue('.*'),
    )

  const rows: readonly (readonly [string, readonly Builder<Panel>[]])[] = [
    ['Now', nowPanels(m, rate, reads)],
    ['Reads', readPanels(per, rate)],
    ['Loads', loadPanels(m, per, quantile)],
    ['Tiers', tierPanels(m, per, quantile)],
    ['Removals', removalPanels(m, per)],
  ]
  for (const [title, panels] of rows) {
    board.withRow(new RowBuilder(title))
    for (const panel of panels) board.withPanel(panel)
  }
  return board.build()
}

type Names = (key: Parameters<typeof seriesName>[0]) => string
type Rate = (key: Parameters<typeof seriesName>[0], more?: string) => string
type Per = (label: string, key: Parameters<typeof seriesName>[0], more?: string) => Query
type Quantile = (q: number, label: string, key: 'loadDuration' | 'tierDuration') => Query

function nowPanels(m: Names, rate: Rate, reads: string): Builder<Panel>[] {
  const one = (title: string, unit: string, expr: string, description = '') =>
    number({ title, unit, description, queries: [{ expr, legend: '' }] })
  return [
    one('Reads', 'reqps', reads),
    one('Hit rate', 'percentunit', `sum(${rate('hits')}) / (${reads} > 0)`),
    one('Loads', 'reqps', `sum(${rate('loads')})`),
    one(
      'Source time saved',
      's',
      `sum(${rate('saved')})`,
      'Seconds of loading that hits save, per second: so many databases would be busy without the cache.',
    ),
    one('Tiers out of use', 'none', `count(${m('breakerState')}{${own}} == 2) or vector(0)`),
    one('Removals not confirmed', 'none', `sum(${m('journal')}{${own}})`),
  ]
}

function readPanels(per: Per, rate: Rate): Builder<Panel>[] {
  return [
    chart({
      title: 'Reads by who answered',
      unit: 'reqps',
      queries: [per('cache_tier', 'hits'), { expr: `sum(${rate('misses')})`, legend: 'source' }],
    }),
    chart({
      title: 'Hit rate by definition',
      unit: 'percentunit',
      most: 1,
      queries: [
        {
          expr: `sum by (cache_definition) (${rate('hits')}) / (sum by (cache_definition) (${rate('hits')} or ${rate('misses')}) > 0)`,
          legend: '{{cache_definition}}',
        },
      ],
    }),
    chart({ title: 'Misses by reason', unit: 'reqps', queries: [per('cache_reason', 'misses')] }),
    chart({
      title: 'Stale answers by definition',
      unit: 'reqps',
      queries: [per('cache_definition', 'hits', ',cache_state="stale"')],
    }),
    chart({
      title: 'Reads that shared a load',
      unit: 'reqps',
      queries: [per('cache_definition', 'joined')],
    }),
    chart({
      title: "Waits for other processes' loads",
      unit: 'reqps',
      queries: [per('cache_definition', 'waits')],
    }),
  ]
}

function loadPanels(m: Names, per: Per, quantile: Quantile): Builder<Panel>[] {
  return [
    chart({ title: 'Loads by definition', unit: 'reqps', queries: [per('cache_definition', 'loads')] }),
    chart({
      title: 'Load time',
      unit: 's',
      queries: [
        quantile(0.5, 'cache_definition', 'loadDuration'),
        quantile(0.99, 'cache_definition', 'loadDuration'),
      ],
    }),
    chart({ title: 'Failed loads', unit: 'reqps', queries: [per('cache_definition', 'loadErrors')] }),
    chart({
      title: 'Loads running and queued',
      unit: 'none',
      queries: [
        { expr: `sum(${m('loadsRunning')}{${own}})`, legend: 'running' },
        { expr: `sum(${m('loadsQueued')}{${own}})`, legend: 'queued' },
      ],
    }),
    chart({
      title: 'Source time saved by definition',
      unit: 's',
      queries: [per('cache_definition', 'saved')],
    }),
    chart({
      title: 'Bytes stored',
      unit: 'Bps',
      queries: [per('cache_definition', 'storedSize')],
    }),
    chart({
      title: 'Largest value',
      unit: 'bytes',
      queries: [
        { expr: `max by (cache_definition) (${m('largest')}{${own}})`, legend: '{{cache_definition}}' },
      ],
    }),
  ]
}

function tierPanels(m: Names, per: Per, quantile: Quantile): Builder<Panel>[] {
  const by = (key: Parameters<Names>[0], label = 'cache_tier'): Query => ({
    expr: `max by (instance, ${label}) (${m(key)}{${own}})`,
    legend: `{{${label}}} {{instance}}`,
  })
  return [
    chart({
      title: 'State of the breaker',
      unit: 'none',
      most: 2,
      description: '0: in use. 1: joining or settling. 2: out of use.',
      queries: [by('breakerState')],
    }),
    chart({
      title: 'Round trip',
      unit: 's',
      queries: [quantile(0.5, 'cache_tier', 'tierDuration'), quantile(0.99, 'cache_tier', 'tierDuration')],
    }),
    chart({
      title: 'Timeouts and errors',
      unit: 'reqps',
      queries: [
        { ...per('cache_tier', 'timeouts'), legend: '{{cache_tier}} timeouts' },
        { ...per('cache_tier', 'errors'), legend: '{{cache_tier}} errors' },
      ],
    }),
    chart({ title: 'Entries', unit: 'none', queries: [by('entries')] }),
    chart({ title: 'Memory', unit: 'bytes', queries: [by('size')] }),
    chart({ title: 'Evictions by cause', unit: 'reqps', queries: [per('cache_cause', 'evictions')] }),
    chart({ title: 'Backfills by tier', unit: 'reqps', queries: [per('cache_tier', 'backfills')] }),
    chart({
      title: 'Refused, fenced and poisoned',
      unit: 'reqps',
      queries: (['refused', 'fenced', 'poisoned'] as const).map((key) => ({
        ...per('cache_tier', key),
        legend: `{{cache_tier}} ${key}`,
      })),
    }),
  ]
}

function removalPanels(m: Names, per: Per): Builder<Panel>[] {
  return [
    chart({ title: 'Removals by origin', unit: 'reqps', queries: [per('cache_origin', 'removals')] }),
    chart({
      title: 'Removals and purges not confirmed',
      unit: 'none',
      queries: [
        {
          expr: `sum by (cache_tier) (${m('journal')}{${own}} or ${m('purges')}{${own}})`,
          legend: '{{cache_tier}}',
        },
      ],
    }),
    chart({
      title: 'Bus lag',
      unit: 's',
      queries: [{ expr: `max by (cache_bus) (${m('busLag')}{${own}})`, legend: '{{cache_bus}}' }],
    }),
    chart({
      title: 'Bus gaps',
      unit: 'none',
      queries: [
        {
          expr: `sum by (cache_bus) (increase(${m('busGaps')}{${own}}[$__rate_interval]))`,
          legend: '{{cache_bus}}',
        },
      ],
    }),
  ]
}
