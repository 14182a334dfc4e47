import { expect, test } from 'vitest'
import { chartSvg } from '../src/report/chart.ts'
import { short, target, targetLine } from '../src/report/report.ts'
import { rowsOf } from '../src/report/rows.ts'
import { Results } from '../src/results.ts'

test('a target says what it is, its limit, what was measured, and whether that is enough', () => {
  expect(targetLine(target('a hit', 0.65, '≤', 0.7))).toBe('a hit: ≤ 0.7 × · 0.65 × · met')
  expect(targetLine(target('reads', 1.9, '≥', 2))).toBe('reads: ≥ 2 × · 1.90 × · not met')
  expect(targetLine(target('queries', 1, '=', 1, ''))).toMatch(/met$/)
})

test('a target that was not measured is not met', () => {
  expect(targetLine(target('a hit', Number.NaN, '≤', 0.7))).toBe('a hit: ≤ 0.7 × · not measured · not met')
})

test('numbers have three digits', () => {
  expect([0, 0.0456, 1.234, 45.67, 678.9, 12_345, 3_456_789, Number.NaN].map(short)).toEqual([
    '0',
    '0.046',
    '1.23',
    '45.7',
    '679',
    '12.3k',
    '3.46M',
    '–',
  ])
})

test('a contestant that errs is shown as such', () => {
  const results = new Results(
    [{ name: 'x', version: '2', note: '', samples: [], error: 'wrong answer | for k' }],
    1,
  )
  expect(rowsOf(results, () => ['1', '2'])).toEqual([['x 2: **errs**, wrong answer / for k', '–', '–']])
})

test('a chart is well-formed, whatever is in its names', () => {
  const svg = chartSvg({
    file: 'f',
    title: 'a < b & "c"',
    note: '',
    unit: 'ns',
    better: 'less',
    log: true,
    panels: [
      {
        title: '',
        bars: [
          { label: 'x', value: 3, kind: 'ours' },
          { label: '<y>', value: 0, kind: 'peer' },
        ],
      },
    ],
  })
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;')
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})
