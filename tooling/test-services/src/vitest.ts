// The global set-up of the project `integration`: one Redis and one PostgreSQL for the whole run.
import type { TestProject } from 'vitest/node'

import { NoServerError, placeForRedis } from './place.ts'
import { startServices, type Services } from './services.ts'

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await start()
  const { redisUrl, databaseUrl } = services
  project.provide('redisUrl', redisUrl)
  project.provide('databaseUrl', databaseUrl)
  process.env['TEST_REDIS_URL'] = redisUrl
  process.env['TEST_DATABASE_URL'] = databaseUrl
  return () => services.stop()
}

async function start(): Promise<Services> {
  try {
    // Cluster, Sentinel and TLS tests start servers of their own, whatever the shared one is.
    const { machine } = await placeForRedis([])
    await machine.stop()
    return await startServices()
  } catch (error) {
    if (!(error instanceof NoServerError)) throw error
    // A stack trace would bury the one sentence that helps.
    process.stderr.write(`\n${error.message}\n`)
    process.exit(1)
  }
}
