import { CacheError, isJoined, joinKey, splitKey } from '@tierstack/cache-core'
import type { KeyPart, LocalEntry, LocalHost, LocalTier, Shelf } from '@tierstack/cache-core'
import type { EvictionPolicy } from './eviction-policy.ts'
import { Finder } from './finder.ts'
import { markOf, vacant } from './mark.ts'
import type { Mark } from './mark.ts'
import { Memos } from './memos.ts'
import { resolveOptions } from './options.ts'
import type { MemoryOptions } from './options.ts'
import { policies } from './policies.ts'
import { Prefixes } from './prefix.ts'
import type { Prefix } from './prefix.ts'
import { MemoryShelf } from './shelf.ts'
import { Slots } from './slots.ts'
import { ExpirySweep } from './sweep.ts'
import { TenantQuotas } from './tenant-quotas.ts'

/** Its slot in every array, its place in the index and its share of what is remembered: measured, rounded up. */
const entryOverhead = 100

class MemoryTier implements LocalTier {
  readonly kind = 'local'
  readonly name: string
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #policy: EvictionPolicy
  readonly #quotas: TenantQuotas | undefined
  readonly #slots: Slots
  readonly #finder: Finder
  readonly #prefixes = new Prefixes()
  readonly #memos = new Memos()
  #last: Mark = vacant
  #host: LocalHost | undefined
  #sweep: ExpirySweep | undefined
  #bytes = 0

  constructor(given: MemoryOptions) {
    const { name, maxEntries, maxBytes, maxBytesPerTenant, policy } = resolveOptions(given)
    this.name = name
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
    this.#policy = policies[policy]()
    if (maxBytesPerTenant < maxBytes) this.#quotas = new TenantQuotas(maxBytesPerTenant)
    // One more than the tier keeps: a newcomer is there before its victim goes.
    this.#slots = new Slots(maxEntries + 1)
    this.#finder = new Finder(this.#slots)
  }

  get size(): number {
    return this.#slots.size
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
    this.#sweep = new ExpirySweep(host.clock, this.#slots, (slot, now) => this.#dropExpired(slot, now))
  }

  shelf(prefix: string): Shelf {
    return new MemoryShelf(this.#prefixes.at(prefix), this.#finder, this.#policy, this.#memos)
  }

  get(key: string, input?: unknown): LocalEntry | undefined {
    const { last } = this.#prefixes
    const slot = isJoined(key, last.text, input) ? this.#finder.slotOf(last, input) : this.#slotOf(key)
    if (slot < 0) return undefined
    this.#policy.hit(slot)
    return this.#read(slot)
  }

  inspect(key: string): LocalEntry | undefined {
    const slot = this.#slotOf(key)
    return slot < 0 ? undefined : this.#read(slot)
  }

  amend(key: string, entry: LocalEntry): void {
    const slot = this.#slotOf(key)
    if (slot >= 0) this.#slots.amend(slot, entry, this.#markOf(entry, this.#slots.prefixAt(slot)))
  }

  set(key: string, entry: LocalEntry): boolean {
    const weight = entry.bytes + key.length * 2 + entryOverhead
    // Too large alone: without this look, everything else would be evicted for it first.
    if (weight > this.#maxBytes || (this.#quotas && weight > this.#quotas.most && isOfTenant(key))) {
      this.delete(key)
      return false
    }
    const last = this.#prefixes.last
    if (isJoined(key, last.text, entry.input)) this.#put(last, entry.input, entry, weight)
    else {
      const { prefix, input } = splitKey(key)
      // The caller's own text needn't be held twice.
      this.#put(this.#prefixes.at(prefix), entry.input === input ? entry.input : input, entry, weight)
    }
    return true
  }

  #put(prefix: Prefix, input: unknown, entry: LocalEntry, weight: number): void {
    const mark = this.#markOf(entry, prefix)
    const hash = prefix.hash(input)
    let slot = this.#finder.slotOf(prefix, input, hash)
    if (slot >= 0) this.#policy.hit(slot)
    else slot = this.#add(mark, input, hash)
    const more = weight - (this.#slots.weights[slot] as number)
    this.#bytes += more
    this.#slots.write(slot, entry, mark, weight)
    if (this.#quotas) this.#keepToQuota(this.#quotas, prefix, slot, more)
    this.#makeRoom()
    this.#sweep?.wake()
  }

  delete(key: string): boolean {
    const slot = this.#slotOf(key)
    if (slot < 0) return false
    this.#remove(slot, false)
    return true
  }

  clear(): void {
    this.#policy.clear()
    this.#quotas?.clear()
    this.#finder.clear()
    this.#memos.clear()
    this.#slots.clear()
    this.#last = vacant
    this.#bytes = 0
    this.#sweep?.rest()
  }

  *keys(): Iterable<string> {
    const slots = this.#slots
    for (let slot = 0; slot < slots.top; slot++) {
      if (slots.marks[slot]?.prefix !== undefined) yield this.#keyAt(slot)
    }
  }

  #slotOf(key: string): number {
    const { prefix: text, input } = splitKey(key)
    const prefix = this.#prefixes.find(text)
    return prefix === undefined ? -1 : this.#finder.slotOf(prefix, input)
  }

  #keyAt(slot: number): string {
    return joinKey(this.#slots.prefixAt(slot).text, this.#slots.inputs[slot] as KeyPart)
  }

  #add(mark: Mark, input: unknown, hash: number): number {
    const slots = this.#slots
    const before = slots.capacity
    const slot = slots.take(input, mark)
    if (slots.capacity > before) {
      this.#finder.grow(slots.capacity)
      this.#policy.grow(slots.capacity)
    }
    this.#finder.add(slot, hash)
    this.#policy.add(slot, hash)
    return slot
  }

  #remove(slot: number, evicted: boolean): void {
    const slots = this.#slots
    const hash = this.#finder.hashAt(slot)
    this.#policy.remove(slot, evicted, hash)
    this.#finder.remove(slot, hash)
    const weight = slots.weights[slot] as number
    this.#bytes -= weight
    this.#quotas?.removed(slots.prefixAt(slot), slot, weight)
    slots.release(slot)
    if (slots.size === 0) this.#sweep?.rest()
  }

  #read(slot: number): LocalEntry {
    const bytes = (this.#slots.weights[slot] as number) - this.#keyAt(slot).length * 2 - entryOverhead
    return this.#slots.read(slot, bytes)
  }

  #markOf(entry: LocalEntry, prefix: Prefix): Mark {
    this.#last = markOf(entry, prefix, this.#last)
    return this.#last
  }

  /** A tenant's own entries go first, so that it can't push others out. */
  #keepToQuota(quotas: TenantQuotas, prefix: Prefix, slot: number, more: number): void {
    quotas.written(prefix, slot, more)
    for (let victim = quotas.victim(prefix); victim >= 0; victim = quotas.victim(prefix))
      this.#evict(victim, 'size')
  }

  #makeRoom(): void {
    while (this.#bytes > this.#maxBytes || this.#slots.size > this.#maxEntries) {
      const victim = this.#policy.victim()
      if (victim < 0) return
      this.#evict(victim, 'size')
    }
  }

  #dropExpired(slot: number, now: number): boolean {
    if (this.#slots.marks[slot]?.prefix === undefined || this.#slots.endOf(slot) >= now) return false
    this.#evict(slot, 'expired')
    return true
  }

  #evict(slot: number, cause: 'size' | 'expired'): void {
    const key = this.#host && laterKey(this.#slots.prefixAt(slot), this.#slots.inputs[slot] as KeyPart)
    this.#remove(slot, cause === 'size')
    if (key) this.#host?.evicted(key, cause)
  }
}

function laterKey({ text }: Prefix, input: KeyPart): () => string {
  return () => joinKey(text, input)
}

function isOfTenant(key: string): boolean {
  return key.charCodeAt(0) === 0x40
}

/**
 * A local tier in this process' memory, bounded by entries and by bytes.
 *
 * What doesn't fit evicts what the `policy` finds least worth keeping; a single entry larger than `maxBytes` is not
 * kept. Entries past every window are freed bit by bit in the background. One tier serves one cache.
 * @example
 * const cache = createCache({ namespace: 'shop', tiers: [memory({ maxBytes: '64mb' })] })
 */
export function memory(options?: MemoryOptions & { readonly name?: undefined }): LocalTier<'memory'>
export function memory<const N extends string>(options: MemoryOptions & { readonly name: N }): LocalTier<N>
export function memory(options: MemoryOptions): LocalTier
export function memory(options: MemoryOptions = {}): LocalTier {
  return new MemoryTier(options)
}
