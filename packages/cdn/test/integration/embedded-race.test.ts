import { describe, expect, test } from 'vitest'

import { race } from './embedded-race.ts'

describe('hot pages behind the embedded edge, written while they are read', { timeout: 60_000 }, () => {
  test('in the right order no page is left old', async () => {
    expect(await race({ order: 'right', rows: 12, rounds: 8 })).toMatchObject({ pages: 96, stuck: 0 })
  })

  // Few rounds show a missing fence; an edge that is purged too early is caught less often.
  test.each([
    ['first', 20],
    ['unfenced', 6],
  ] as const)('the same test sees what goes wrong: %s', async (order, rounds) => {
    expect((await race({ order, rows: 12, rounds })).stuck).toBeGreaterThan(0)
  })
})
