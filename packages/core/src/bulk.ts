import type { Fence } from './coherence.ts'
import type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts'

/**
 * Filling many keys at once that nobody waits for, as when warming: one fence stands for all of them, and costs the
 * store a look instead of a lease per key. The price: any removal in the namespace between the two verbs, of whatever
 * key or tag, voids it, and others who miss meanwhile load for themselves. It is atomic per node.
 */
export interface Bulk {
  /**
   * Looks at keys. The fence is taken no later than the looks; `tagClock` as of `Coherence.lease`. With no keys the fence
   * is for any. After `goodFor` ms on the store's clock it is void: what stood in a key that wasn't looked at may lapse.
   */
  survey(
    keys: readonly string[],
    goodFor?: number,
  ): Promise<{
    readonly reads: readonly Surveyed[]
    readonly fence: Fence
    readonly tagClock: string
  }>
  /**
   * Stores where nothing is. `fenced`, and not stored, when anything was, or may have been, removed from the namespace
   * since the fence was taken.
   */
  fillAbsent(items: readonly FrameWrite[], fence: Fence): Promise<readonly BulkOutcome[]>
}

/** What a key holds, looked at without leaving a mark. */
export type Surveyed =
  | { readonly state: 'hit'; readonly frame: StoredFrame }
  | { readonly state: 'absent' }
  /** Somebody's lease or intent, or nothing that a tier of this kind stored. */
  | { readonly state: 'busy' }

/** `present`: somebody else has stored, leased or begun to write the key meanwhile, and it was left alone. */
export type BulkOutcome = WriteOutcome | 'present'
