import type { LocalEntry } from '@tierstack/cache-core'

/**
 * Holds the entries and decides which of them to give up. The tier decides when: it counts entries and bytes.
 *
 * A policy is told of every hit and every new entry, which is all that recency, frequency and admission need: one
 * that would rather not admit a newcomer names it as the next victim.
 */
export interface EvictionPolicy {
  readonly size: number
  /** The entry, counted as a use. The hottest call of all: no allocation, no clock. */
  hit(key: string): LocalEntry | undefined
  /** The entry, not counted as a use. */
  inspect(key: string): LocalEntry | undefined
  /** Adds an entry, or replaces the one of the same key. */
  add(key: string, entry: LocalEntry): void
  /** The key that should go next, which stays until it is removed; undefined when nothing is left. */
  victim(): string | undefined
  remove(key: string): boolean
  clear(): void
  /** Live: what is added or removed meanwhile may or may not come, and everything else comes once. */
  keys(): MapIterator<string>
}
