import type { EdgeTier } from './edge-tier.ts'
import type { LocalTier } from './local-tier.ts'
import type { RemoteTier } from './remote-tier.ts'

/** A place in the chain, which is `local* remote* edge*`. */
export type Tier<N extends string = string> = LocalTier<N> | RemoteTier<N> | EdgeTier<N>
