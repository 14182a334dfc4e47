import type { ProvidedContext } from 'vitest'

import { containerOf } from './place.ts'
import { images } from './container-machine.ts'
import { freePort } from './free-port.ts'
import { startPostgres, startPostgresOn } from './postgres.ts'
import { startRedis, startRedisOn } from './redis.ts'

declare module 'vitest' {
  // Types what `inject('redisUrl')` gives to integration tests.
  interface ProvidedContext {
    redisUrl: string
    databaseUrl: string
  }
}

/** The addresses that tests get by `inject`. */
export interface Services extends ProvidedContext {
  stop(): Promise<void>
}

interface Service {
  url: string
  stop(): Promise<void>
}

/**
 * The Redis and the PostgreSQL that all integration tests of a run share. In this order: the addresses
 * in TEST_REDIS_URL and TEST_DATABASE_URL; a Docker engine; the programs of this computer; as root on
 * Debian and its kin, the programs installed with apt-get. With none of them it rejects with one sentence.
 */
export async function startServices(): Promise<Services> {
  const redis = await sharedRedis()
  try {
    const database = await sharedPostgres()
    return {
      redisUrl: redis.url,
      databaseUrl: database.url,
      async stop() {
        await Promise.all([redis.stop(), database.stop()])
      },
    }
  } catch (error) {
    await redis.stop()
    throw error
  }
}

async function sharedRedis(): Promise<Service> {
  const given = process.env['TEST_REDIS_URL']
  if (given) return external('Redis', 'TEST_REDIS_URL', given)
  const port = await freePort()
  const machine = await containerOf(images.redis, [port])
  const server =
    machine === undefined
      ? await startRedis()
      : await startRedisOn({ machine, program: 'redis-server' }, port, {}, () => machine.stop())
  say('Redis', machine === undefined ? 'of this computer' : `in Docker (${images.redis})`, server.port)
  return server
}

async function sharedPostgres(): Promise<Service> {
  const given = process.env['TEST_DATABASE_URL']
  if (given) return external('PostgreSQL', 'TEST_DATABASE_URL', given)
  const port = await freePort()
  const machine = await containerOf(images.postgres, [port])
  const server =
    machine === undefined ? await startPostgres() : await startPostgresOn({ machine, program: '' }, port, {})
  say(
    'PostgreSQL',
    machine === undefined ? 'of this computer' : `in Docker (${images.postgres})`,
    server.port,
  )
  return server
}

function external(what: string, variable: string, url: string): Service {
  process.stderr.write(`[services] ${what} from ${variable}\n`)
  return { url, stop: async () => {} }
}

function say(what: string, where: string, port: number): void {
  process.stderr.write(`[services] ${what} ${where}, started on port ${port} for this run\n`)
}
