import { describe, expect, test } from 'vitest'

import { race } from './embedded-race.ts'

describe('hot pages behind the embedded edge, written while they are read', () => {
  test('in the right order no page is left old', async () => {
    expect(await race({ order: 'right', rows: 60, rounds: 4 })).toMatchObject({ pages: 240, stuck: 0 })
  })

  test.each(['first', 'unfenced'] as const)('the same test sees what goes wrong: %s', async (order) => {
    expect((await race({ order, rows: 60, rounds: 3 })).stuck).toBeGreaterThan(0)
  })
})
