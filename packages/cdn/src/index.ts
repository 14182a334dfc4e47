export type { EdgePurge, EdgeTier } from '@tierstack/cache-core'
