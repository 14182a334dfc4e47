import { expect, test } from 'vitest'
import { stampede } from '../src/scenarios/stampede.ts'

const part = { name: '4 × 250', processes: 2 }

test('each stampede counts the loads of all processes and the wait of the worst', () => {
  const one = {
    '4 × 250': { 'loads 0': 1, 'p99 0': 52, 'loads 1': 0, 'p99 1': 70, 'loads 2': 1, 'p99 2': 55 },
  }
  const other = {
    '4 × 250': { 'loads 0': 0, 'p99 0': 60, 'loads 1': 1, 'p99 1': 54, 'loads 2': 1, 'p99 2': 56 },
  }
  expect(stampede.merge?.([one, other], part)).toEqual({ '4 × 250': { loads: 2, p99: 60 } })
})
