import type { Stage } from './scenario.ts'

const nowhere = { redisUrl: '', databaseUrl: '' }

export function withoutServers(): Promise<Stage> {
  return Promise.resolve({ place: nowhere, stop: () => Promise.resolve() })
}

/** Not imported with the scenario: each of two hundred contestants would spend half a second on it. */
const services = () => import('@tierstack/test-services')

export async function withRedis(): Promise<Stage> {
  const { startRedis } = await services()
  const server = await startRedis()
  return { place: { ...nowhere, redisUrl: server.url }, stop: () => server.stop() }
}

export async function withRedisAndPostgres(): Promise<Stage> {
  const { startPostgres, startRedis } = await services()
  const redis = await startRedis()
  // Connections of whoever was played a second ago are still open, and where rounds are short those are many.
  const postgres = await startPostgres({ settings: { max_connections: '1000', shared_buffers: '256MB' } })
  return {
    place: { redisUrl: redis.url, databaseUrl: postgres.url },
    async stop() {
      await redis.stop()
      await postgres.stop()
    },
  }
}
