import { bars, cell, ratioCell, rowsOf } from '../report/rows.ts'
import { short, target } from '../report/report.ts'
import type { Report, Table } from '../report/report.ts'
import type { Results } from '../results.ts'

const yardstick = 'no cache'
const slow = '1 process, 50 ms queries'
const workloads = [
  slow,
  '1 process, cheap queries',
  '2 processes, 50 ms queries',
  '2 processes, cheap queries',
]
const unseen = 'cheap queries, nothing asked twice'

function total(results: Results, name: string, kase: string, metric: string): number {
  const played = results.contestants.find((one) => one.name === name)
  return (played?.samples ?? []).reduce((sum, sample) => sum + (sample[kase]?.[metric] ?? 0), 0)
}

function workloadTable(results: Results, kase: string): Table {
  return {
    title: kase,
    note: '95 % reads, 5 % updates followed by the removal of the key, Zipf 0.99 over the table, 64 callers per process, cache warm. In brackets the ratio to no cache. Stale: reads per million of a version older than one that the same process had committed and removed before the read began. Left stale: of the hottest rows, those that still came back old when all was quiet, over all rounds.',
    columns: [
      '',
      'requests/s',
      'read p50 ms',
      'read p99 ms',
      'queries per 1000 reads',
      'CPU µs per request',
      'stale per million',
      'left stale',
    ],
    rows: rowsOf(results, (name) => {
      const reads = total(results, name, kase, 'reads')
      return [
        ratioCell(results, name, kase, 'perSecond', yardstick),
        cell(results, name, kase, 'p50'),
        cell(results, name, kase, 'p99'),
        cell(results, name, kase, 'sourceReads'),
        ratioCell(results, name, kase, 'cpu', yardstick),
        reads === 0 ? '–' : short((1e6 * total(results, name, kase, 'stale')) / reads),
        reads === 0 ? '–' : short(total(results, name, kase, 'leftStale')),
      ]
    }),
  }
}

export function databaseReport(results: Results): Report {
  const peers = results.contestants
    .map(({ name }) => name)
    .filter((name) => name !== 'tierstack' && name !== yardstick)
  const ahead = (kase: string) => {
    const best = Math.max(
      ...peers.map((name) => results.value(name, kase, 'perSecond')).filter((n) => !Number.isNaN(n)),
    )
    return results.value('tierstack', kase, 'perSecond') / best
  }
  const stale = workloads.reduce(
    (sum, kase) =>
      sum + total(results, 'tierstack', kase, 'stale') + total(results, 'tierstack', kase, 'leftStale'),
    0,
  )
  return {
    tables: [
      ...workloads.map((kase) => workloadTable(results, kase)),
      {
        title: unseen,
        note: 'An empty cache and every row asked for once, by primary key: all that a cache costs, and nothing that it brings. In brackets the ratio to no cache.',
        columns: ['', 'requests/s', 'read p50 ms', 'read p99 ms', 'CPU µs per request'],
        rows: rowsOf(results, (name) => [
          ratioCell(results, name, unseen, 'perSecond', yardstick),
          cell(results, name, unseen, 'p50'),
          cell(results, name, unseen, 'p99'),
          ratioCell(results, name, unseen, 'cpu', yardstick),
        ]),
      },
    ],
    charts: [
      {
        file: 'database',
        title: 'A service over PostgreSQL, requests per second',
        note: '95 % reads, 5 % updates, Zipf, cache warm, one process',
        unit: '/s',
        better: 'more',
        log: true,
        panels: [slow, '1 process, cheap queries'].map((kase) => ({
          title: kase.replace('1 process, ', ''),
          bars: bars(results, kase, 'perSecond', yardstick),
        })),
      },
    ],
    targets: [
      target(
        'queries saved, 50 ms',
        100 - results.value('tierstack', slow, 'sourceReads') / 10,
        '≥',
        95,
        '%',
      ),
      target('p50 of a read, 50 ms queries', results.value('tierstack', slow, 'p50'), '≤', 1, 'ms'),
      ...workloads.map((kase) => target(`throughput to the best peer, ${kase}`, ahead(kase), '≥', 1)),
      target('stale reads and rows left stale, all workloads', stale, '=', 0, ''),
      target(
        'throughput to no cache, cheap queries',
        results.ratio('tierstack', '1 process, cheap queries', 'perSecond', yardstick),
        '≥',
        1,
      ),
      target(
        'throughput to no cache, nothing asked twice',
        results.ratio('tierstack', unseen, 'perSecond', yardstick),
        '≥',
        1,
      ),
    ],
  }
}
