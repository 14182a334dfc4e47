import type { LocalEntry } from '@tierstack/cache-core'
import { LRUCache } from 'lru-cache'
import type { EvictionPolicy } from './eviction-policy.ts'

type Lru = LRUCache<string, LocalEntry>

/** Beyond this many entries the lists grow as needed, instead of being allocated at once. */
const preallocated = 1_000_000

function createLru(maxEntries: number): Lru {
  // One more than the tier keeps: the tier evicts, with its own bookkeeping, before the list has to.
  if (maxEntries < preallocated) return new LRUCache({ max: maxEntries + 1 })
  return new LRUCache({ maxSize: Number.MAX_SAFE_INTEGER, sizeCalculation: () => 1 })
}

/** Least recently used, on `lru-cache`. */
export class LruPolicy implements EvictionPolicy {
  readonly #lru: Lru
  // Only read. The public iterators walk the recency list, which breaks off when the entry that they stand on is
  // deleted; and they can't name the next victim without a generator per eviction.
  readonly #inside: ReturnType<typeof LRUCache.unsafeExposeInternals<string, LocalEntry>>

  constructor(maxEntries: number) {
    this.#lru = createLru(maxEntries)
    this.#inside = LRUCache.unsafeExposeInternals(this.#lru)
  }

  get size(): number {
    return this.#lru.size
  }

  hit(key: string): LocalEntry | undefined {
    return this.#lru.get(key)
  }

  inspect(key: string): LocalEntry | undefined {
    return this.#lru.peek(key)
  }

  add(key: string, entry: LocalEntry): void {
    this.#lru.set(key, entry)
  }

  victim(): string | undefined {
    return this.#lru.size === 0 ? undefined : this.#inside.keyList[this.#inside.head]
  }

  remove(key: string): boolean {
    return this.#lru.delete(key)
  }

  clear(): void {
    this.#lru.clear()
  }

  keys(): MapIterator<string> {
    return this.#inside.keyMap.keys()
  }
}
