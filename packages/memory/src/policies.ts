import type { EvictionPolicy } from './eviction-policy.ts'
import { LruPolicy } from './lru-policy.ts'

export const policies = {
  lru: (): EvictionPolicy => new LruPolicy(),
} as const

export type PolicyName = keyof typeof policies
