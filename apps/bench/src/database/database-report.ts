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

/** The memory of one process: what a cache could reach at most, and no peer, as no other process hears of its removals. */
const limit = 'lru-cache'

/** Rows of all rounds that were read old, or stayed old. */
function staleRows(results: Results, name: string, kase: string): number {
  return total(results, name, kase, 'stale') + total(results, name, kase, 'leftStale')
}

/** Throughput to the best of these contestants; NaN without any. */
function ahead(results: Results, names: readonly string[], kase: string): number {
  const others = names.map((name) => results.value(name, kase, 'perSecond')).filter((n) => !Number.isNaN(n))
  return others.length === 0
    ? Number.NaN
    : results.value('tierstack', kase, 'perSecond') / Math.max(...others)
}

/** Who gave no old row in a workload. */
function flawless(results: Results, names: readonly string[], kase: string): string[] {
  return names.filter((name) => results.has(name, kase, 'reads') && staleRows(results, name, kase) === 0)
}

function workloadTable(results: Results, kase: string): Table {
  return {
    title: kase,
    note: '95 % reads, 5 % updates followed by the removal of the key, Zipf 0.99 over the table, 64 callers per process, cache warm. In brackets the ratio to no cache. Stale: reads per million of a version older than one that the same process had committed and removed before the read began. Left stale: of the hottest rows, those that still came back old when all was quiet, over all rounds. `lru-cache` is the limit: memory alone, of which no other process hears.',
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
    .filter((name) => name !== 'tierstack' && name !== yardstick && name !== limit)
  const stale = workloads.reduce((sum, kase) => sum + staleRows(results, 'tierstack', kase), 0)
  return {
    tables: [
      ...workloads.map((kase) => workloadTable(results, kase)),
      {
        title: 'Old rows',
        note: 'Reads of a version older than one that the same process had committed and removed before, and rows left old, of all rounds: what a throughput above is worth.',
        columns: ['', ...workloads],
        rows: rowsOf(results, (name) =>
          workloads.map((kase) =>
            results.has(name, kase, 'reads') ? short(staleRows(results, name, kase)) : '–',
          ),
        ),
      },
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
      ...workloads.flatMap((kase) => {
        const right = flawless(results, peers, kase)
        const targets = [target(`throughput to the best peer, ${kase}`, ahead(results, peers, kase), '≥', 1)]
        if (right.length > 0)
          targets.push(
            target(
              `the same, of peers that gave no old row (${right.join(', ')})`,
              ahead(results, right, kase),
              '≥',
              1,
            ),
          )
        return targets
      }),
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
