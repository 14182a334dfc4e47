import { CacheError } from '@tierstack/cache-core'
import type { LocalEntry, LocalHost, LocalTier } from '@tierstack/cache-core'
import type { EvictionPolicy } from './eviction-policy.ts'
import { LruPolicy } from './lru-policy.ts'
import { resolveOptions } from './options.ts'
import type { MemoryOptions } from './options.ts'
import { ExpirySweep } from './sweep.ts'

/** The entry object with its instants, and its places in the map and in the recency list: measured, rounded up. */
const entryOverhead = 400

function weigh(key: string, entry: LocalEntry): number {
  return entry.bytes + key.length * 2 + entryOverhead
}

const policies: Record<'lru', (maxEntries: number) => EvictionPolicy> = {
  lru: (maxEntries) => new LruPolicy(maxEntries),
}

class MemoryTier implements LocalTier {
  readonly kind = 'local'
  readonly name: string
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #policy: EvictionPolicy
  #host: LocalHost | undefined
  #sweep: ExpirySweep | undefined
  #bytes = 0

  constructor(given: MemoryOptions) {
    const { name, maxEntries, maxBytes, policy } = resolveOptions(given)
    this.name = name
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
    this.#policy = policies[policy](maxEntries)
  }

  get size(): number {
    return this.#policy.size
  }

  get bytes(): number {
    return this.#bytes
  }

  open(host: LocalHost): void {
    if (this.#host !== undefined) {
      throw new CacheError(
        'INVALID_CHAIN',
        `The tier '${this.name}' already serves a cache; make one tier per cache`,
      )
    }
    this.#host = host
    this.#sweep = new ExpirySweep(host.clock, this.#policy, (key, now) => this.#dropExpired(key, now))
  }

  get(key: string): LocalEntry | undefined {
    return this.#policy.hit(key)
  }

  inspect(key: string): LocalEntry | undefined {
    return this.#policy.inspect(key)
  }

  set(key: string, entry: LocalEntry): boolean {
    const weight = weigh(key, entry)
    // Too large alone: without this look, everything else would be evicted for it first.
    if (weight > this.#maxBytes) {
      this.delete(key)
      return false
    }
    const old = this.#policy.inspect(key)
    if (old !== undefined) this.#bytes -= weigh(key, old)
    this.#policy.add(key, entry)
    this.#bytes += weight
    this.#makeRoom()
    this.#sweep?.wake()
    return true
  }

  delete(key: string): boolean {
    const entry = this.#policy.inspect(key)
    if (entry === undefined) return false
    this.#policy.remove(key)
    this.#bytes -= weigh(key, entry)
    if (this.#policy.size === 0) this.#sweep?.rest()
    return true
  }

  clear(): void {
    this.#policy.clear()
    this.#bytes = 0
    this.#sweep?.rest()
  }

  keys(): Iterable<string> {
    return this.#policy.keys()
  }

  #makeRoom(): void {
    while (this.#bytes > this.#maxBytes || this.#policy.size > this.#maxEntries) {
      const victim = this.#policy.victim()
      if (victim === undefined) return
      this.delete(victim)
      this.#host?.evicted(victim, 'size')
    }
  }

  #dropExpired(key: string, now: number): boolean {
    const entry = this.#policy.inspect(key)
    if (entry === undefined || Math.max(entry.staleUntil, entry.errorUntil) >= now) return false
    this.delete(key)
    this.#host?.evicted(key, 'expired')
    return true
  }
}

/**
 * A local tier in this process' memory, bounded by entries and by bytes.
 *
 * What doesn't fit evicts what was not used for the longest time; a single entry larger than `maxBytes` is not kept.
 * Entries past every window are freed bit by bit in the background. One tier serves one cache.
 * @example
 * const cache = createCache({ namespace: 'shop', tiers: [memory({ maxBytes: '64mb' })] })
 */
export function memory(options?: MemoryOptions & { readonly name?: undefined }): LocalTier<'memory'>
export function memory<const N extends string>(options: MemoryOptions & { readonly name: N }): LocalTier<N>
export function memory(options: MemoryOptions): LocalTier
export function memory(options: MemoryOptions = {}): LocalTier {
  return new MemoryTier(options)
}
