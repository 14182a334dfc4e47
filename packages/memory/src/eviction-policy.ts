/**
 * Decides which entry goes when space runs out. The tier decides when: it counts entries and bytes.
 *
 * A policy knows entries by their slots: small numbers, given anew once an entry is gone. It is told of every hit and
 * every new entry, which is all that recency, frequency and admission need: one that would rather not admit a newcomer
 * names it as the next victim.
 */
export interface EvictionPolicy {
  /** Makes room for slots below `capacity`. */
  grow(capacity: number): void
  /** A use. The hottest call of all: no allocation, no clock. */
  hit(slot: number): void
  /** A new entry. `hash` is that of its key, the same each time that the key comes back. */
  add(slot: number, hash: number): void
  /** The entry that should go next, which stays until it is removed; -1 when nothing is left. */
  victim(): number
  /** The entry is gone; `evicted` when it was named by `victim` and went for space. `hash` as it was given to `add`. */
  remove(slot: number, evicted: boolean, hash: number): void
  clear(): void
}
