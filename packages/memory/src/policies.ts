import { AdaptivePolicy } from './adaptive-policy.ts'
import type { EvictionPolicy } from './eviction-policy.ts'
import { LruPolicy } from './lru-policy.ts'
import { S3FifoPolicy } from './s3-fifo-policy.ts'
import { SievePolicy } from './sieve-policy.ts'
import { TinyLfuPolicy } from './tiny-lfu-policy.ts'

export const policies = {
  adaptive: (): EvictionPolicy => new AdaptivePolicy(),
  lru: (): EvictionPolicy => new LruPolicy(),
  's3-fifo': (): EvictionPolicy => new S3FifoPolicy(),
  sieve: (): EvictionPolicy => new SievePolicy(),
  'w-tinylfu': (): EvictionPolicy => new TinyLfuPolicy(),
} as const

export type PolicyName = keyof typeof policies
