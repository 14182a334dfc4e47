import type { EvictionPolicy } from './eviction-policy.ts'
import { LruPolicy } from './lru-policy.ts'
import { S3FifoPolicy } from './s3-fifo-policy.ts'
import { SievePolicy } from './sieve-policy.ts'

export const policies = {
  lru: (): EvictionPolicy => new LruPolicy(),
  's3-fifo': (): EvictionPolicy => new S3FifoPolicy(),
  sieve: (): EvictionPolicy => new SievePolicy(),
} as const

export type PolicyName = keyof typeof policies
