import { startPostgres, startRedis } from '@tierstack/test-services'
import type { Stage } from './scenario.ts'

const nowhere = { redisUrl: '', databaseUrl: '' }

export function withoutServers(): Promise<Stage> {
  return Promise.resolve({ place: nowhere, stop: () => Promise.resolve() })
}

export async function withRedis(): Promise<Stage> {
  const server = await startRedis()
  return { place: { ...nowhere, redisUrl: server.url }, stop: () => server.stop() }
}

export async function withRedisAndPostgres(): Promise<Stage> {
  const redis = await startRedis()
  const postgres = await startPostgres({ settings: { max_connections: '200', shared_buffers: '256MB' } })
  return {
    place: { redisUrl: redis.url, databaseUrl: postgres.url },
    async stop() {
      await redis.stop()
      await postgres.stop()
    },
  }
}
