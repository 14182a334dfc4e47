import type { Clock, CoarseClock } from './clock.ts'
import type { LocalEntry } from './entry.ts'
import type { RemovalFence } from './fence.ts'
import { freshness } from './freshness.ts'
import type { Freshness } from './freshness.ts'
import type { Liveness } from './liveness.ts'
import { noShelf } from './local-tier.ts'
import type { LocalTier, Shelf } from './local-tier.ts'

/** What the local tiers know of a key. `suspect`: a value is there, but nobody vouches for it. */
export interface LocalView {
  readonly entry: LocalEntry
  readonly position: number
  readonly state: Freshness | 'suspect'
}

/** The local prefix of the chain: finds entries, and decides whether they may be served. */
export class Locals {
  readonly tiers: readonly LocalTier[]
  readonly #fence: RemovalFence
  readonly #live: Liveness
  readonly #clock: Clock
  readonly #coarse: CoarseClock
  readonly #suspectTtl: number

  constructor(o: {
    tiers: readonly LocalTier[]
    fence: RemovalFence
    live: Liveness
    clock: Clock
    coarse: CoarseClock
    suspectTtl: number
  }) {
    this.tiers = o.tiers
    this.#fence = o.fence
    this.#live = o.live
    this.#clock = o.clock
    this.#coarse = o.coarse
    this.#suspectTtl = o.suspectTtl
  }

  /** The entries of the nearest tier whose keys begin with `prefix`. */
  shelf(prefix: string): Shelf {
    return this.tiers[0]?.shelf(prefix) ?? noShelf
  }

  /** Now, for hits that need no second look; `Infinity`, at which none is one, while nobody vouches for entries. */
  instant(): number {
    // A process that was stopped goes on in the middle of a row of hits, and a reading from before the stop would find
    // the bus alive. Only where no bus has to be alive may hits share one.
    const { until } = this.#live
    if (until === Number.POSITIVE_INFINITY) return this.#coarse()
    const now = this.#clock.now()
    return now < until ? now : Number.POSITIVE_INFINITY
  }

  /**
   * Looks near → far for the freshest entry. Drops what is gone on the way. `skip` names tiers to leave out, `input` is
   * what the key was made of, where that is at hand.
   */
  look(
    key: string,
    now: number,
    skip: readonly string[] | undefined,
    input?: unknown,
  ): LocalView | undefined {
    let best: LocalView | undefined
    const { tiers } = this
    for (let position = 0; position < tiers.length; position++) {
      const tier = tiers[position] as LocalTier
      if (skip?.includes(tier.name)) continue
      const entry = tier.get(key, input)
      if (entry === undefined) continue
      const state = this.#examine(entry, now)
      if (state === 'gone' || state === 'expired') {
        tier.delete(key)
        continue
      }
      tier.amend(key, entry)
      const view: LocalView = { entry, position, state }
      if (state === 'fresh') return view
      if (best === undefined || best.state === 'suspect' || entry.freshUntil > best.entry.freshUntil)
        best = view
    }
    return best
  }

  #examine(entry: LocalEntry, now: number): Freshness | 'suspect' | 'gone' {
    const fence = this.#fence
    const standing = entry.seen >= fence.marked ? 'valid' : fence.standing(entry)
    if (standing === 'gone') return 'gone'
    if (now - entry.usedAt > entry.idleTtl) return 'gone'
    entry.usedAt = now
    if (standing === 'suspect') return 'suspect'
    // A silent bus: a removal may be on its way. What was current within the bound still counts.
    const silent = now >= this.#live.until || entry.provisional
    if (silent && now - entry.vouchedAt >= this.#suspectTtl) return 'suspect'
    if (standing === 'soft') soften(entry)
    entry.seen = fence.marked
    return freshness(entry, now)
  }

  /**
   * Stores into all local tiers nearer than `position`, unless the key or a tag was removed since `sequence`: `fenced`.
   * `none`: no tier was to take it, or it was too large for all. `loaded`: the source gave the value, and not a tier.
   */
  put(
    key: string,
    before: number,
    entryFor: (position: number) => LocalEntry | undefined,
    skip?: readonly string[],
    loaded = false,
  ): 'stored' | 'fenced' | 'none' {
    let outcome: 'stored' | 'fenced' | 'none' = 'none'
    const { tiers } = this
    for (let position = 0; position < tiers.length && position < before; position++) {
      const tier = tiers[position] as LocalTier
      if (skip?.includes(tier.name)) continue
      const entry = entryFor(position)
      if (entry === undefined) continue
      if (!this.mayStore(key, entry, loaded)) {
        outcome = 'fenced'
        continue
      }
      entry.seen = this.#fence.marked
      if (tier.set(key, entry)) outcome = 'stored'
    }
    return outcome
  }

  /** The local fence: nothing is stored that was removed, or may have been, since the work on it began. */
  mayStore(
    key: string,
    entry: { readonly seen: number; readonly slots: readonly number[] },
    loaded: boolean,
  ): boolean {
    const fence = this.#fence
    if (!loaded && fence.removing(key)) return false
    if (fence.sequence === entry.seen) return true
    return (
      !(loaded ? fence.keyChanged(key, entry.seen) : fence.keyRemoved(key, entry.seen)) &&
      fence.tagsRemovedAt(entry.slots) <= entry.seen &&
      !fence.suspectSince(entry.seen)
    )
  }

  delete(key: string): void {
    for (const tier of this.tiers) tier.delete(key)
  }

  /** Takes back the entry of one particular load: its store was refused further away. */
  withdraw(key: string, createdAt: number): void {
    for (const tier of this.tiers) if (tier.inspect(key)?.createdAt === createdAt) tier.delete(key)
  }

  expire(key: string): void {
    for (const tier of this.tiers) {
      const entry = tier.inspect(key)
      if (entry === undefined) continue
      soften(entry)
      tier.amend(key, entry)
    }
  }

  clear(): void {
    for (const tier of this.tiers) tier.clear()
  }
}

function soften(entry: LocalEntry): void {
  entry.soft = true
  entry.quickUntil = Number.NEGATIVE_INFINITY
}
