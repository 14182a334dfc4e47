import { parseArgs } from 'node:util'
import { startPostgres } from '@tierstack/test-services'
import { runBehind } from './behind.ts'

const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '100000' },
    keys: { type: 'string', default: '1000' },
    processes: { type: 'string', default: '3' },
    queue: { type: 'boolean', default: false },
    store: { type: 'string', default: 'redis' },
  },
})
const postgres = await startPostgres()
try {
  const plan = {
    writes: Number(values.writes),
    keys: Number(values.keys),
    processes: Number(values.processes),
    databaseUrl: postgres.url,
    store: values.store === 'postgres' ? ('postgres' as const) : ('redis' as const),
    invalidation: values.queue ? ('queue' as const) : ('strict' as const),
  }
  const verdict = await runBehind(plan)
  console.log(
    `${plan.processes} processes, ${plan.keys} keys; killed: one process, the Redis server, all processes`,
  )
  for (const [name, figure] of Object.entries(verdict)) {
    console.log(`${name.padEnd(13)} ${Number.isInteger(figure) ? figure : (figure as number).toFixed(1)}`)
  }
  const { wrong, twice, backwards, stale, left } = verdict
  if (wrong + twice + backwards + stale + left > 0) process.exitCode = 1
} finally {
  await postgres.stop()
}
