import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RemoteTier } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { OwnRedis } from './live/own-redis.ts'
import { findServer } from './redis-server.ts'

// Only the second tier that is chosen gets loaded, which the start is quicker for.

/** Less than the load asks for, so that the second tier has something to do, as in a service with more rows. */
const memoryEntries = 1_000

export interface Tiers {
  readonly tiers: readonly [ReturnType<typeof memory>, RemoteTier]
  /** One line per tier, for people, near first. */
  readonly titles: readonly string[]
  /** The Redis that was started for the demo, if it was. */
  readonly redis: OwnRedis | undefined
  /** Stops what was started for the tiers. To be called once the cache is closed. */
  readonly stop: () => Promise<void>
}

interface SecondTier {
  readonly redis?: OwnRedis
  readonly tier: RemoteTier
  readonly title: string
  readonly stop: () => Promise<void>
}

/** A URL without its password. */
function shown(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  if (parsed.password !== '') parsed.password = '***'
  return parsed.href
}

async function redisTier(url: string, title: string, stopServer: () => Promise<void>): Promise<SecondTier> {
  const { Redis } = await import('ioredis')
  const { redis } = await import('@tierstack/cache-redis')
  // The service decides how its clients behave: nothing waits in a queue for a Redis that is away.
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
    retryStrategy: (attempt) => Math.min(500, 50 * attempt),
  })
  // The tier reports lost connections; without a listener of ours, one lost after it closed would end the process.
  client.on('error', () => {})
  return {
    tier: redis({ client }),
    title,
    async stop() {
      client.disconnect()
      await stopServer()
    },
  }
}

async function sqliteTier(why: string): Promise<SecondTier> {
  const { sqlite } = await import('@tierstack/cache-sqlite')
  const folder = await mkdtemp(join(tmpdir(), 'tierstack-demo-'))
  return {
    tier: sqlite({ path: join(folder, 'tier.sqlite') }),
    title: `SQLite, a file of this host (${why})`,
    stop: () => rm(folder, { recursive: true, force: true }),
  }
}

async function secondTier(env: NodeJS.ProcessEnv): Promise<SecondTier> {
  const url = env['REDIS_URL']
  if (url) {
    if (!/^rediss?:\/\/./.test(url)) {
      throw new Error(`Expected REDIS_URL to be a URL such as redis://localhost:6379, got \`${shown(url)}\`.`)
    }
    return redisTier(url, `Redis at ${shown(url)} (REDIS_URL)`, async () => {})
  }
  const program = await findServer(env['PATH'])
  if (!program) return sqliteTier('no REDIS_URL, no redis-server or valkey-server on the PATH')
  let server: OwnRedis
  try {
    server = await OwnRedis.start(program)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return sqliteTier(`${program.path} did not start: ${reason}`)
  }
  try {
    const title = `${program.title} at ${server.url}, started for this demo`
    return { ...(await redisTier(server.url, title, () => server.stop())), redis: server }
  } catch (error) {
    // A server that nobody stops keeps this process from ending.
    await server.stop()
    throw error
  }
}

/** Memory in front; behind it the Redis of `REDIS_URL`, else one found on this machine, else SQLite. */
export async function chooseTiers(env: NodeJS.ProcessEnv): Promise<Tiers> {
  const second = await secondTier(env)
  return {
    tiers: [memory({ maxEntries: memoryEntries }), second.tier],
    titles: [`memory, ${memoryEntries.toLocaleString('en')} entries of this process`, second.title],
    redis: second.redis,
    stop: () => second.stop(),
  }
}
