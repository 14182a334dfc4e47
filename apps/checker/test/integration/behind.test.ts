import { startPostgres } from '@tierstack/test-services'
import { expect, test } from 'vitest'
import { runBehind } from '../../src/behind.ts'

test('processes and Redis are killed while they write behind: nothing acknowledged is lost, doubled or out of order', async () => {
  await using postgres = await startPostgres()
  const plan = {
    writes: 1_500,
    keys: 100,
    processes: 2,
    databaseUrl: postgres.url,
    invalidation: 'strict' as const,
    store: 'redis' as const,
  }
  const { acknowledged, wrong, twice, backwards, stale, left } = await runBehind(plan)
  expect(acknowledged).toBeGreaterThanOrEqual(plan.writes)
  expect({ wrong, twice, backwards, stale, left }).toEqual({
    wrong: 0,
    twice: 0,
    backwards: 0,
    stale: 0,
    left: 0,
  })
}, 60_000)
