import type { Prefix } from './prefix.ts'

/** What one tenant holds: slots in the order in which they were written, and what they weigh together. */
interface Holding {
  readonly slots: Set<number>
  bytes: number
}

const leading = /^@[^/#=~]*/

/**
 * How much each tenant holds, where a tier bounds that. The keys of a tenant begin with `@` and its name. Told of writes
 * and removals only: a hit costs nothing, and so a tenant over its quota loses what it wrote longest ago.
 */
export class TenantQuotas {
  readonly most: number
  readonly #holdings = new Map<string, Holding>()
  readonly #names = new WeakMap<Prefix, string>()

  constructor(most: number) {
    this.most = most
  }

  /** Notes that a slot was written, by which it weighs so much more than before. */
  written(prefix: Prefix, slot: number, more: number): void {
    const name = this.#nameOf(prefix)
    if (name === '') return
    let holding = this.#holdings.get(name)
    if (holding === undefined) {
      holding = { slots: new Set(), bytes: 0 }
      this.#holdings.set(name, holding)
    }
    holding.bytes += more
    holding.slots.delete(slot)
    holding.slots.add(slot)
  }

  removed(prefix: Prefix, slot: number, weight: number): void {
    const name = this.#nameOf(prefix)
    const holding = this.#holdings.get(name)
    if (holding === undefined || !holding.slots.delete(slot)) return
    holding.bytes -= weight
    if (holding.slots.size === 0) this.#holdings.delete(name)
  }

  /** A slot that has to go for its tenant to keep to its quota; negative when none has to. */
  victim(prefix: Prefix): number {
    const holding = this.#holdings.get(this.#nameOf(prefix))
    if (holding === undefined || holding.bytes <= this.most) return -1
    for (const oldest of holding.slots) return oldest
    return -1
  }

  clear(): void {
    this.#holdings.clear()
  }

  #nameOf(prefix: Prefix): string {
    const known = this.#names.get(prefix)
    if (known !== undefined) return known
    const name = leading.exec(prefix.text)?.[0] ?? ''
    this.#names.set(prefix, name)
    return name
  }
}
