import type { EdgeTier } from './edge-tier.ts'
import type { LocalTier } from './local-tier.ts'
import type { RemoteTier } from './remote-tier.ts'

export type { Bulk, BulkOutcome } from './bulk.ts'
export type { Coherence, Fence, LeaseRead } from './coherence.ts'
export { noShelf } from './local-tier.ts'
export type { LocalTier, Shelf } from './local-tier.ts'
export type { RemoteTier } from './remote-tier.ts'
export type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts'

/** A place in the chain, which is `local* remote* edge*`. */
export type Tier<N extends string = string> = LocalTier<N> | RemoteTier<N> | EdgeTier<N>
