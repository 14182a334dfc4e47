export { requiredAcl } from './acl.ts'
export type { AclOptions, RequiredAcl } from './acl.ts'
export type { Credentials } from './credentials.ts'
export type {
  IoRedisClient,
  IoRedisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from './client.ts'
export type { RedisOptions } from './options.ts'
export { redis } from './redis.ts'
export type { RedisRemoteTier } from './redis.ts'
export type { RedisQueueOptions } from './queue-options.ts'
export { redisWriteQueue } from './write-queue.ts'
