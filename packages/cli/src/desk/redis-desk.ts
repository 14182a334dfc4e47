import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createCache } from '@tierstack/cache-core'
import { admin } from '@tierstack/cache-metrics/admin'
import { redis } from '@tierstack/cache-redis'
import { UsageError } from '../usage-error.ts'
import type { Desk } from './desk.ts'
import { requestDesk } from './request-desk.ts'

export interface RedisPlace {
  readonly url: string
  readonly namespace: string
  readonly prefix: string | undefined
  readonly caFile: string | undefined
  /** Let `entry` tell values, not only their shape. */
  readonly values: boolean
  /** The definition that is asked about, `name@version`: nobody here has defined it. */
  readonly definition: string | undefined
}

/**
 * The desk of what a cache keeps in Redis, without its app: one more process of the fleet, with no memory and no
 * loaders of its own. So a removal made here reaches the memory of all others.
 */
export async function redisDesk(place: RedisPlace): Promise<Desk> {
  const { url, namespace, prefix, caFile, values, definition } = place
  const tls = caFile === undefined ? {} : { tls: { ca: readFileSync(caFile) } }
  const tier = redis({ url, ...tls, ...(prefix === undefined ? {} : { prefix }) })
  const cache = createCache({ namespace, tiers: [tier], timeouts: { tier: '5s', removal: '5s' } })
  // The first answer comes when the server was greeted, or not.
  await cache.has('')
  const { state, error } = (await cache.health()).redis
  if (state !== 'up') {
    await cache.close()
    throw new UsageError(
      `Expected a usable Redis at ${new URL(url).host}, it is ${state}: ${messageOf(error)}`,
    )
  }
  const token = randomBytes(24).toString('hex')
  const endpoint = admin(cache, { token, values })
  if (definition !== undefined) {
    const [name = '', version = '1'] = definition.split('@')
    cache.define({ name, version, load: () => undefined })
  }
  return requestDesk({
    title: `${namespace} in ${new URL(url).host}`,
    base: new URL('http://in-process/'),
    token,
    fetch: endpoint.fetch,
    close: () => cache.close(),
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
