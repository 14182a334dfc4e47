import { describe, expect, test } from 'vitest'

import { race } from './race.ts'

describe('hot pages behind the embedded edge, written while they are read', { timeout: 60_000 }, () => {
  test('in the right order no page is left old', async () => {
    const report = await race({ edge: 'embedded', order: 'right', rows: 12, rounds: 8 })
    expect(report).toMatchObject({ pages: 96, stuck: 0 })
  })

  // An edge that is purged too early shows here by chance only, in the long run of `race`; step by step, and each time,
  // it does in order.test.ts.
  test('the same test sees a missing fence', async () => {
    const { stuck } = await race({ edge: 'embedded', order: 'unfenced', rows: 12, rounds: 6 })
    expect(stuck).toBeGreaterThan(0)
  })
})
