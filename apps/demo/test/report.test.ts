import { expect, test } from 'vitest'
import type { LoadResult } from '../src/load.ts'
import { Recorder } from '../src/recorder.ts'
import { createReport } from '../src/report.ts'
import { renderReport, shownRatio, shownShare, shownTime } from '../src/table.ts'

function result(seconds: number, edits: number, errors: number): LoadResult {
  return {
    recorder: new Recorder(),
    edits,
    errors,
    firstError: errors > 0 ? new Error('no') : undefined,
    seconds,
  }
}

function measured() {
  const bare = result(2, 1, 0)
  for (let i = 0; i < 100; i++) bare.recorder.record('city', 'database', 4)
  const cached = result(5, 3, 2)
  for (let i = 0; i < 800; i++) cached.recorder.record('country', 'memory', 0.002)
  for (let i = 0; i < 150; i++) cached.recorder.record('city', 'redis', 0.2)
  for (let i = 0; i < 50; i++) cached.recorder.record('city', 'database', 5)
  return {
    bare: { load: bare, queries: 100 },
    fill: { load: result(1, 0, 0), queries: 7 },
    cached: { load: cached, queries: 40 },
    tiers: ['memory', 'redis'],
    aggregateMs: 30,
  }
}

test('the hit rate is the share of reads that a tier served', () => {
  const report = createReport(measured())
  expect(report.hitRate).toBeCloseTo(0.95)
  expect(report.sources.map(({ source, reads, share }) => [source, reads, share])).toEqual([
    ['memory', 800, 0.8],
    ['redis', 150, 0.15],
    ['database', 50, 0.05],
  ])
})

test('queries are counted per 1,000 reads of their own run', () => {
  const report = createReport(measured())
  expect(report.bare.queriesPer1000).toBe(1_000)
  expect(report.cached.queriesPer1000).toBe(40)
  expect(report.fewerQueries).toBeCloseTo(0.96)
})

test('reads per second and the speed-up compare both runs', () => {
  const report = createReport(measured())
  expect(report.bare.perSecond).toBe(50)
  expect(report.cached.perSecond).toBe(200)
  const mean = (800 * 0.002 + 150 * 0.2 + 50 * 5) / 1_000
  expect(report.speedUp).toBeCloseTo(4 / mean, 1)
})

test('the aggregate compares the database without waiting with memory', () => {
  const { aggregate } = createReport(measured())
  expect(aggregate.memory).toBeCloseTo(0.002, 4)
  expect(aggregate.ratio).toBeCloseTo(15_000, -2)
})

test('edits and errors of all runs are told', () => {
  const report = createReport(measured())
  expect([report.edits, report.errors, String(report.firstError)]).toEqual([4, 2, 'Error: no'])
})

test('a run without reads is reported as zeros', () => {
  const nothing = { load: result(0, 0, 0), queries: 0 }
  const report = createReport({
    bare: nothing,
    fill: nothing,
    cached: nothing,
    tiers: ['memory'],
    aggregateMs: 0,
  })
  expect([report.hitRate, report.fewerQueries, report.speedUp, report.aggregate.ratio]).toEqual([0, 0, 0, 0])
})

test('a tier that served nothing keeps its row', () => {
  const { tiers, ...rest } = measured()
  const report = createReport({ ...rest, tiers: [...tiers, 'third'] })
  expect(report.sources.map(({ source }) => source)).toEqual(['memory', 'redis', 'third', 'database'])
})

test('times are shown in a unit that keeps them readable', () => {
  expect([0, 0.00125, 0.25, 4.2, 120, 12_500].map(shownTime)).toEqual([
    '-',
    '1.25 µs',
    '250 µs',
    '4.20 ms',
    '120 ms',
    '12.5 s',
  ])
})

test('shares and ratios are shown with the digits that matter', () => {
  expect([shownShare(0.9534), shownRatio(12.34), shownRatio(8_123.4)]).toEqual([
    '95.3 %',
    '12.3 x',
    '8,123 x',
  ])
})

test('the table is at most 80 columns wide', () => {
  const text = renderReport(createReport(measured()), (_how, plain) => plain)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(text).toContain('95.0 %')
  expect(text).toContain('database queries per 1,000 reads')
})
