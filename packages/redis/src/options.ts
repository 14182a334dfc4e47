import type { ConnectionOptions } from 'node:tls'
import {
  checkCodec,
  checkKeys,
  checkName,
  expectation,
  parseBytes,
  parseDuration,
} from '@tierstack/cache-core'
import type { Bytes, Codec, Duration, MaybePromise } from '@tierstack/cache-core'
import { msgpack } from '@tierstack/cache-serializers'
import type { RedisClient } from './client.ts'
import type { Credentials } from './credentials.ts'

/** Exactly one of `url`, `sentinels`, `cluster` and `client` says where the servers are. */
export interface RedisOptions {
  /** `redis://…` or `rediss://…`. The tier connects by itself, with the optional peer `ioredis`. */
  readonly url?: string | undefined
  /** A client that is open or opening: ioredis 5 or 6, iovalkey, node-redis 5 or 6. The tier never closes it. */
  readonly client?: RedisClient | undefined
  /** Addresses of Sentinels, `host:port`, which know the master named `sentinelName`. */
  readonly sentinels?: readonly string[] | undefined
  /** Name of the master that the Sentinels watch. */
  readonly sentinelName?: string | undefined
  /** URLs of some nodes of a Cluster. */
  readonly cluster?: readonly string[] | undefined
  /** ACL user; beats the one in a URL. */
  readonly username?: string | undefined
  /** Password; beats the one in a URL. */
  readonly password?: string | undefined
  /**
   * Answers with the user and password of the moment, instead of fixed ones: asked before the first connection and
   * whenever one ended, so that a password can be changed without a restart. Not with a Cluster.
   */
  readonly credentials?: (() => MaybePromise<Credentials>) | undefined
  /** TLS options as in `node:tls`, or true for the defaults. A `rediss:` URL needs none. */
  readonly tls?: ConnectionOptions | true | undefined
  /**
   * Name of the tier in events, statistics and per-tier options.
   * @default 'redis'
   */
  readonly name?: string
  /**
   * First part of every key in Redis.
   * @default 'ts'
   */
  readonly prefix?: string
  /**
   * Parts into which a Cluster spreads a namespace; each has its own hash tag and channel. A process with another
   * number than those before it is refused.
   * @default 64
   */
  readonly buckets?: number
  /**
   * How a process hears what others changed. `'pubsub'`: removals, published by those who remove. `'tracking'`: those,
   * and by the server's client-side caching whatever else changes what is held locally: foreign commands, expiry,
   * eviction, flushes. Not with a Cluster.
   * @default 'pubsub'
   */
  readonly bus?: 'pubsub' | 'tracking'
  /**
   * How often the connections prove that nothing was lost.
   * @default 100
   */
  readonly heartbeat?: Duration
  /**
   * How long a process may go on using its local tiers without such proof. At least three heartbeats.
   * @default 500
   */
  readonly silence?: Duration
  /**
   * Largest frame that is stored.
   * @default '8mb'
   */
  readonly maxValueBytes?: Bytes
  /**
   * Codec used when the cache is given none.
   * @default msgpack()
   */
  readonly codec?: Codec
  /**
   * After a removal, waits until so many replicas have it; fewer within `timeout` and the removal counts as
   * unconfirmed. Narrows what a failover can undo.
   * @default no waiting
   */
  readonly wait?: { readonly replicas: number; readonly timeout: Duration } | undefined
  /**
   * Life of a tag's generation after its last use. Entries that carry an older one are invalid.
   * @default '7d'
   */
  readonly tagTtl?: Duration
}

export interface ResolvedOptions {
  readonly url: string | undefined
  readonly client: RedisClient | undefined
  readonly sentinels: readonly string[] | undefined
  readonly sentinelName: string | undefined
  readonly cluster: readonly string[] | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly credentials: (() => MaybePromise<Credentials>) | undefined
  readonly tls: ConnectionOptions | true | undefined
  readonly name: string
  readonly prefix: string
  readonly buckets: number
  readonly bus: 'pubsub' | 'tracking'
  readonly heartbeat: number
  readonly silence: number
  readonly maxValueBytes: number
  readonly codec: Codec
  readonly wait: { readonly replicas: number; readonly timeout: number } | undefined
  readonly tagTtl: number
}

const known = [
  'url',
  'client',
  'sentinels',
  'sentinelName',
  'cluster',
  'username',
  'password',
  'credentials',
  'tls',
  'name',
  'prefix',
  'buckets',
  'bus',
  'heartbeat',
  'silence',
  'maxValueBytes',
  'codec',
  'wait',
  'tagTtl',
]

const places = ['url', 'client', 'sentinels', 'cluster'] as const

export function resolveOptions(given: RedisOptions): ResolvedOptions {
  checkKeys('redis options', given, known)
  const { name = 'redis', prefix = 'ts', buckets = 64, bus = 'pubsub' } = given
  const named = places.filter((place) => given[place] !== undefined)
  if (named.length !== 1) {
    throw expectation('redis options', 'given exactly one of url, client, sentinels, cluster', named)
  }
  checkPlace(given)
  checkName('name', name)
  if (typeof prefix !== 'string' || !/^[\w.-]{1,64}$/.test(prefix)) {
    throw expectation('prefix', '1 to 64 letters, digits, dots, dashes or underscores', prefix)
  }
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > 4096) {
    throw expectation('buckets', 'an integer from 1 to 4096', buckets)
  }
  if (bus !== 'pubsub' && bus !== 'tracking') throw expectation('bus', "'pubsub' or 'tracking'", bus)
  const heartbeat = finite('heartbeat', given.heartbeat ?? 100, 10)
  const silence = finite('silence', given.silence ?? 500, 10)
  if (silence < 3 * heartbeat) throw expectation('silence', 'at least three times `heartbeat`', given.silence)
  const { codec = msgpack() } = given
  checkCodec(codec)
  return Object.freeze({
    url: given.url,
    client: given.client,
    sentinels: given.sentinels,
    sentinelName: given.sentinelName,
    cluster: given.cluster,
    username: given.username,
    password: given.password,
    credentials: given.credentials,
    tls: given.tls,
    name,
    prefix,
    buckets,
    bus,
    heartbeat,
    silence,
    maxValueBytes: parseBytes('maxValueBytes', given.maxValueBytes ?? '8mb'),
    codec,
    wait: resolveWait(given.wait),
    tagTtl: finite('tagTtl', given.tagTtl ?? '7d', 1_000),
  })
}

function checkPlace(given: RedisOptions): void {
  const { url, sentinels, sentinelName, cluster, username, password, tls } = given
  if (url !== undefined) checkUrl('url', url)
  if (cluster !== undefined) {
    if (!Array.isArray(cluster) || cluster.length === 0)
      throw expectation('cluster', 'a list of URLs', cluster)
    for (const one of cluster) checkUrl('cluster', one)
  }
  if ((sentinels === undefined) !== (sentinelName === undefined)) {
    throw expectation('sentinelName', 'given together with `sentinels`', sentinelName)
  }
  if (sentinels !== undefined) {
    const right = Array.isArray(sentinels) && sentinels.length > 0
    if (!right || !sentinels.every((one) => typeof one === 'string' && /^.+:\d{1,5}$/.test(one))) {
      throw expectation('sentinels', 'a list of `host:port`', sentinels)
    }
    checkName('sentinelName', sentinelName)
  }
  if (username !== undefined && typeof username !== 'string')
    throw expectation('username', 'a string', username)
  // Never shown: an error ends up in a log.
  if (password !== undefined && typeof password !== 'string') {
    throw expectation('password', 'a string', typeof password)
  }
  checkCredentials(given)
  if (tls !== undefined && tls !== true && (typeof tls !== 'object' || tls === null)) {
    throw expectation('tls', 'true or an object of TLS options', tls)
  }
  if (given.client === undefined) return
  for (const option of ['username', 'password', 'credentials', 'tls'] as const) {
    if (given[option] !== undefined)
      throw expectation(option, 'left out with `client`, which is connected already', typeof given[option])
  }
}

function checkCredentials({ credentials, username, password, cluster }: RedisOptions): void {
  if (credentials === undefined) return
  if (typeof credentials !== 'function') throw expectation('credentials', 'a function', typeof credentials)
  if (cluster !== undefined) throw expectation('credentials', 'left out with `cluster`', 'function')
  if (username !== undefined || password !== undefined)
    throw expectation('credentials', 'given instead of `username` and `password`', 'both')
}

function checkUrl(what: string, url: unknown): void {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (parsed && (parsed.protocol === 'redis:' || parsed.protocol === 'rediss:')) return
  // A URL may hold a password.
  throw expectation(what, 'a URL that begins with redis:// or rediss://', hidden(url))
}

function hidden(url: unknown): unknown {
  return typeof url === 'string' ? url.replace(/\/\/[^@/]*@/, '//…@') : url
}

function finite(what: string, given: Duration, least: number): number {
  const ms = parseDuration(what, given)
  if (!Number.isFinite(ms) || ms < least) throw expectation(what, `at least ${least} ms and finite`, given)
  return Math.round(ms)
}

function resolveWait(wait: RedisOptions['wait']): ResolvedOptions['wait'] {
  if (wait === undefined) return undefined
  checkKeys('wait', wait, ['replicas', 'timeout'])
  if (!Number.isInteger(wait.replicas) || wait.replicas < 1) {
    throw expectation('wait.replicas', 'a positive integer', wait.replicas)
  }
  return Object.freeze({ replicas: wait.replicas, timeout: finite('wait.timeout', wait.timeout, 1) })
}
