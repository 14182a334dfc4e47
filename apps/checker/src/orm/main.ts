// The small application on each ORM, in several processes: pnpm --filter @tierstack/checker orm [--orm …] [--writes N] [--processes N] [--seed N] [--bound MS]
import { parseArgs } from 'node:util'
import { startPostgres, startRedis } from '@tierstack/test-services'
import { orms } from './apps.ts'
import { runOrm } from './run.ts'

const { values } = parseArgs({
  options: {
    orm: { type: 'string' },
    writes: { type: 'string', default: '3000' },
    processes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    bound: { type: 'string', default: '50' },
  },
})
await using postgres = await startPostgres()
await using redis = await startRedis()
for (const orm of orms) {
  if (values.orm !== undefined && values.orm !== orm) continue
  const { errors, ...verdict } = await runOrm({
    orm,
    redisUrl: redis.url,
    databaseUrl: postgres.url,
    processes: Number(values.processes),
    writes: Number(values.writes),
    seed: Number(values.seed),
    bound: Number(values.bound),
  })
  console.log(
    orm.padEnd(8),
    JSON.stringify(verdict),
    errors.length === 0 ? '' : `errors: ${errors.slice(0, 3).join('; ')}`,
  )
  if (verdict.stale + verdict.phantoms + errors.length > 0) process.exitCode = 1
}
