import { CacheError } from '@tierstack/cache-core'

/* Just enough of each client's type to accept it; what is called is in the ports. */

/** A client of ioredis 5 or 6, or of iovalkey: one server, or Sentinels. */
export interface IoRedisClient {
  readonly status: string
  callBuffer: (...args: any[]) => any
  pipeline: (...args: any[]) => any
  duplicate: (...args: any[]) => any
  on: (event: any, listener: (...args: any[]) => void) => unknown
}

/** A Cluster of ioredis 5 or 6, or of iovalkey. */
export interface IoRedisCluster {
  readonly status: string
  readonly slots: string[][]
  nodes: (role?: 'master') => unknown[]
  refreshSlotsCache: (...args: any[]) => any
  on: (event: any, listener: (...args: any[]) => void) => unknown
}

/** A client of node-redis 5 or 6 (`createClient`). */
export interface NodeRedisClient {
  readonly isOpen: boolean
  readonly isReady: boolean
  sendCommand: (...args: any[]) => any
  duplicate: (...args: any[]) => any
  on: (event: any, listener: (...args: any[]) => void) => unknown
}

/** A Cluster of node-redis 5 or 6 (`createCluster`). */
export interface NodeRedisCluster {
  readonly isOpen: boolean
  readonly slots: unknown[]
  readonly masters: unknown[]
  nodeClient: (...args: any[]) => any
  on: (event: any, listener: (...args: any[]) => void) => unknown
}

/** A client of node-redis 5 or 6 that asks Sentinels (`createSentinel`). */
export interface NodeRedisSentinel {
  readonly isOpen: boolean
  readonly isReady: boolean
  acquire: (...args: any[]) => any
  getMasterNode: (...args: any[]) => any
  on: (event: any, listener: (...args: any[]) => void) => unknown
}

export type RedisClient =
  | IoRedisClient
  | IoRedisCluster
  | NodeRedisClient
  | NodeRedisCluster
  | NodeRedisSentinel

export type ClientKind =
  | 'ioredis'
  | 'ioredis-cluster'
  | 'node-redis'
  | 'node-redis-cluster'
  | 'node-redis-sentinel'

/** Tells clients apart by what they have. Throws `UNSUPPORTED_CLIENT` for anything else. */
export function kindOf(client: unknown): ClientKind {
  const has = (name: string, type = 'function') => {
    return typeof (client as Record<string, unknown> | null | undefined)?.[name] === type
  }
  if (has('on')) {
    if (has('refreshSlotsCache') && has('nodes')) return 'ioredis-cluster'
    if (has('callBuffer') && has('pipeline') && has('duplicate')) return 'ioredis'
    if (has('nodeClient') && has('slots', 'object')) return 'node-redis-cluster'
    if (has('acquire') && has('getMasterNode')) return 'node-redis-sentinel'
    if (has('sendCommand') && has('isReady', 'boolean') && has('duplicate')) return 'node-redis'
  }
  throw new CacheError(
    'UNSUPPORTED_CLIENT',
    'Expected `client` to be a client, Cluster or Sentinel client of ioredis, iovalkey or node-redis (redis 5 or later), ' +
      `got ${client === null ? 'null' : typeof client}`,
  )
}
