import { createRequire } from 'node:module'
import { CacheError } from '@tierstack/cache-core'
import { kindOf } from './client.ts'
import { ClusterPort } from './cluster-port.ts'
import { Renewal } from './credentials.ts'
import { IoRedisClusterView } from './ioredis-cluster.ts'
import type { IoCluster } from './ioredis-cluster.ts'
import { failFast } from './ioredis-node.ts'
import type { Io } from './ioredis-node.ts'
import { IoRedisPort } from './ioredis-port.ts'
import { NodeRedisClusterView } from './node-redis-cluster.ts'
import type { NodeRedisClusterClient } from './node-redis-cluster.ts'
import type { NodeRedis } from './node-redis-node.ts'
import { NodeRedisPort } from './node-redis-port.ts'
import { NodeRedisSentinelPort } from './node-redis-sentinel-port.ts'
import type { NodeRedisSentinels } from './node-redis-sentinel-port.ts'
import type { ResolvedOptions } from './options.ts'
import type { Port } from './port.ts'

interface IoRedisPackage {
  readonly Redis: new (...args: unknown[]) => Io
  readonly Cluster: new (nodes: readonly string[], options: object) => IoCluster
}

/** The port for the client that was given, or for one that the tier makes. */
export function portFor(options: ResolvedOptions): Port {
  if (options.client === undefined) return ownPort(options)
  // What `kindOf` found there is what the ports call.
  const client: unknown = options.client
  switch (kindOf(client)) {
    case 'ioredis':
      return new IoRedisPort(client as Io, false)
    case 'ioredis-cluster':
      return new ClusterPort(new IoRedisClusterView(client as IoCluster, false))
    case 'node-redis':
      return new NodeRedisPort(client as NodeRedis)
    case 'node-redis-cluster':
      return new ClusterPort(new NodeRedisClusterView(client as NodeRedisClusterClient))
    case 'node-redis-sentinel':
      return new NodeRedisSentinelPort(client as NodeRedisSentinels)
  }
}

function ownPort(options: ResolvedOptions): Port {
  const { Cluster, Redis } = ioredis()
  const { url, cluster, sentinels, sentinelName, username, password, tls } = options
  const access = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tls === true ? {} : tls }),
  }
  if (cluster !== undefined) {
    const client = new Cluster(cluster, {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: failFast.retryStrategy,
      slotsRefreshTimeout: 1_000,
      redisOptions: {
        ...failFast,
        enableOfflineQueue: true,
        retryStrategy: null,
        ...clusterAccess(cluster),
        ...access,
      },
    })
    return new ClusterPort(new IoRedisClusterView(client, true))
  }
  if (sentinels !== undefined) {
    const addresses = sentinels.map((address) => {
      const colon = address.lastIndexOf(':')
      return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
    })
    return ownIoRedisPort(
      options,
      new Redis({
        ...failFast,
        ...access,
        sentinels: addresses,
        name: sentinelName,
        sentinelRetryStrategy: failFast.retryStrategy,
        failoverDetector: true,
        ...(tls === undefined ? {} : { sentinelTLS: access.tls, enableTLSForSentinelMode: true }),
      }),
    )
  }
  return ownIoRedisPort(options, new Redis(url, { ...failFast, ...access }))
}

function ownIoRedisPort({ credentials }: ResolvedOptions, client: Io): IoRedisPort {
  return new IoRedisPort(client, true, credentials && new Renewal(credentials, client))
}

/** User, password and encryption in the URLs are meant for every node, not only for those that are named. */
function clusterAccess(urls: readonly string[]): object {
  const { protocol, username, password } = new URL(urls[0] as string)
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

function ioredis(): IoRedisPackage {
  try {
    return createRequire(import.meta.url)('ioredis') as IoRedisPackage
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== 'MODULE_NOT_FOUND') throw cause
    throw new CacheError(
      'MISSING_PEER',
      'Expected the package `ioredis` to be installed, as the tier connects by itself: run `npm install ioredis`, or pass a `client`',
      { cause },
    )
  }
}
