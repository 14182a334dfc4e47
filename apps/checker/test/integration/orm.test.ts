import { expect, inject, test } from 'vitest'
import { orms } from '../../src/orm/apps.ts'
import { runOrm } from '../../src/orm/run.ts'

test.each(orms)(
  '%s in three processes: no read is older than an acknowledged write, nor what was rolled back',
  async (orm) => {
    const [redisUrl, databaseUrl] = [inject('redisUrl'), inject('databaseUrl')]
    // A busy machine delays messages, and removals that it makes Redis miss their deadline are sent again.
    const plan = { orm, redisUrl, databaseUrl, processes: 3, writes: 360, seed: 1, bound: 500 }
    const { stale, phantoms, errors, writes, hits } = await runOrm(plan)
    expect({ stale, phantoms, errors }).toEqual({ stale: 0, phantoms: 0, errors: [] })
    expect(Math.min(writes, hits)).toBeGreaterThan(100)
  },
  60_000,
)
