import { checkKeys, checkOneOf } from '@tierstack/cache-core'
import { resolveOptions } from './options.ts'
import type { RedisOptions, ResolvedOptions } from './options.ts'

type Shared =
  | 'url'
  | 'client'
  | 'sentinels'
  | 'sentinelName'
  | 'cluster'
  | 'username'
  | 'password'
  | 'tls'
  | 'prefix'
  | 'codec'
  | 'wait'

const shared: readonly Shared[] = [
  'url',
  'client',
  'sentinels',
  'sentinelName',
  'cluster',
  'username',
  'password',
  'tls',
  'prefix',
  'codec',
  'wait',
]

/** Exactly one of `url`, `sentinels`, `cluster` and `client` says where the servers are, as for the tier. */
export interface RedisQueueOptions extends Pick<RedisOptions, Shared> {
  /**
   * Name of the queue in errors and events.
   * @default 'redis-queue'
   */
  readonly name?: string
  /**
   * `'checked'`: writes are refused while the server keeps nothing on disk (`appendonly no`, and no `wait` for replicas)
   * or may evict the queue (`maxmemory-policy allkeys-…`). `'unchecked'`: whatever the server does with them.
   * @default 'checked'
   */
  readonly durability?: 'checked' | 'unchecked'
}

export interface ResolvedQueueOptions {
  readonly durability: 'checked' | 'unchecked'
  readonly connection: ResolvedOptions
}

export function resolveQueueOptions(given: RedisQueueOptions): ResolvedQueueOptions {
  checkKeys('redisWriteQueue options', given, [...shared, 'name', 'durability'])
  const { durability = 'checked', name = 'redis-queue', ...connection } = given
  return Object.freeze({
    durability: checkOneOf('durability', durability, ['checked', 'unchecked']),
    connection: resolveOptions({ ...connection, name }),
  })
}
