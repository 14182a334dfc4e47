import { Redis } from 'ioredis'
import pg from 'pg'
import { expectation } from '@tierstack/cache-core'
import { checkCache } from './cache-checks.ts'
import { Findings } from './finding.ts'
import type { Finding } from './finding.ts'
import { checkPostgres } from './postgres-checks.ts'
import { checkRedisCluster } from './redis-cluster.ts'
import { redisFacts } from './redis-facts.ts'
import { checkRedisLoad } from './redis-load.ts'
import { checkRedisSetUp } from './redis-set-up.ts'

export interface DoctorOptions {
  /** `redis://` or `rediss://`, with user and password. */
  readonly redis?: string | undefined
  /** A CA certificate (PEM) for `rediss://`, beside those of the system. */
  readonly ca?: string | undefined
  /** `postgres://…` of the database whose changes are followed. */
  readonly database?: string | undefined
  /** The cache's namespace: looks at what its processes left in Redis. */
  readonly namespace?: string | undefined
  /** @default 'ts' */
  readonly prefix?: string
  /** @default 'tierstack' */
  readonly slot?: string
  /** @default 'tierstack' */
  readonly publication?: string
  /** Keys looked at for size, use and content. @default 10_000 */
  readonly sample?: number
}

/**
 * Looks at the servers of a cache and tells what should be changed. Reads only; samples keys by SCAN, so that it
 * never blocks a server. A server that can't be reached is a finding, not an error.
 */
export async function diagnose(options: DoctorOptions): Promise<readonly Finding[]> {
  if (options.redis === undefined && options.database === undefined) {
    throw expectation('doctor options', 'given `redis`, `database` or both', 'none')
  }
  return [
    ...(options.redis === undefined ? [] : await diagnoseRedis(options.redis, options)),
    ...(options.database === undefined ? [] : await diagnosePostgres(options.database, options)),
  ]
}

async function diagnoseRedis(given: string, options: DoctorOptions): Promise<readonly Finding[]> {
  const findings = new Findings('redis')
  const cacheFindings = new Findings('cache')
  const url = urlOf('redis', given, ['redis:', 'rediss:'])
  const { ca, namespace, prefix = 'ts', sample = 10_000 } = options
  const redis = new Redis(given, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 5_000,
    ...(ca === undefined ? {} : { tls: { ca } }),
  })
  // Told once, as a finding.
  redis.on('error', () => {})
  try {
    await redis.connect()
    const facts = await redisFacts(redis, url)
    checkRedisSetUp(facts, findings)
    await checkRedisCluster(redis, facts, findings)
    await checkRedisLoad(redis, facts, { sample }, findings)
    if (namespace !== undefined) {
      const clustered = facts.info.get('cluster_enabled') === '1'
      await checkCache(redis, { namespace, prefix, clustered, sample }, cacheFindings)
    }
  } catch (error) {
    findings.error(
      'reach',
      `The server at ${url.host} can't be used: ${reasonOf(error)}.`,
      'Look at the address, the network between, the user and the password.',
    )
  } finally {
    redis.disconnect()
  }
  return [...findings.all, ...cacheFindings.all]
}

async function diagnosePostgres(given: string, options: DoctorOptions): Promise<readonly Finding[]> {
  const findings = new Findings('postgres')
  const url = urlOf('database', given, ['postgres:', 'postgresql:'])
  const client = new pg.Client({ connectionString: given, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { slot = 'tierstack', publication = 'tierstack' } = options
    await checkPostgres(client, { slot, publication }, findings)
  } catch (error) {
    findings.error(
      'reach',
      `The database at ${url.host} can't be used: ${reasonOf(error)}.`,
      'Look at the address, the network between, the role and the password.',
    )
  } finally {
    await client.end().catch(() => {})
  }
  return findings.all
}

/** What went wrong, never with the password of the URL in it. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return (
    message === undefined || message === '' ? (code ?? 'it closed the connection') : message
  ).replaceAll(/\/\/[^@\s]*@/g, '//…@')
}

function urlOf(what: string, given: string, schemes: readonly string[]): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url !== undefined && schemes.includes(url.protocol)) return url
  throw expectation(what, `a URL that begins with ${schemes.map((s) => `\`${s}//\``).join(' or ')}`, '…')
}
