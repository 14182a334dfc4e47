import { startPostgres } from '@tierstack/test-services'
import { expect, test } from 'vitest'
import { countAndKill, mostUnacknowledged } from '../killed-views.ts'

test('with a PostgreSQL of its own, the demo loses no acknowledged page view to kill -9, and counts none twice', async () => {
  await using postgres = await startPostgres()
  const counted = await countAndKill({ folder: undefined, databaseUrl: postgres.url })
  for (const { acknowledged, read, saved } of counted) {
    expect(read).toBeGreaterThanOrEqual(acknowledged)
    expect(read).toBeLessThanOrEqual(acknowledged + mostUnacknowledged)
    expect(saved).toBe(read)
  }
})
