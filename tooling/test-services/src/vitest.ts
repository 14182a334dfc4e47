// The global set-up of the project `integration`: one Redis and one PostgreSQL for the whole run.
import type { TestProject } from 'vitest/node'

import { startServices } from './services.ts'

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startServices()
  const { redisUrl, databaseUrl } = services
  project.provide('redisUrl', redisUrl)
  project.provide('databaseUrl', databaseUrl)
  process.env['TEST_REDIS_URL'] = redisUrl
  process.env['TEST_DATABASE_URL'] = databaseUrl
  return () => services.stop()
}
