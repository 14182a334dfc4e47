import type { Exchange } from './exchange.ts'
import { FillMemory } from './fill-memory.ts'

/** What was learnt of URLs from their answers, in bounded memory. Instants are wall-clock ms. */
export class UrlMemory {
  readonly #unshared = new FillMemory<string>(10_000, 60_000)
  readonly #asking = new FillMemory<true>(10_000, 60_000)
  readonly #varies = new FillMemory<readonly string[]>(10_000, 3_600_000)

  /** Why answers to such readers weren't for others: they don't wait for one another. Undefined: they were, or nobody knows. */
  unshared(exchange: Exchange, now: number): string | undefined {
    return this.#unshared.get(passKey(exchange), now)
  }

  noteUnshared(exchange: Exchange, why: string, now: number): void {
    this.#unshared.set(passKey(exchange), why, now)
  }

  noteShared(exchange: Exchange): void {
    this.#unshared.delete(passKey(exchange))
  }

  /** Is the page kept, but must be asked for each time? */
  asks(entry: string, now: number): boolean {
    return this.#asking.get(entry, now) === true
  }

  noteAsks(entry: string, now: number): void {
    this.#asking.set(entry, true, now)
  }

  /** All request fields that the URL was ever seen to depend on, these among them. */
  widen(key: string, names: readonly string[], now: number): readonly string[] {
    const known = this.#varies.get(key, now) ?? []
    const all = names.every((name) => known.includes(name))
      ? known
      : [...new Set([...known, ...names])].toSorted()
    if (all.length > 0) this.#varies.set(key, all, now)
    return all
  }
}

/** Readers who show who they are get other answers than those who don't. */
function passKey(exchange: Exchange): string {
  return `${exchange.authorized ? 'a' : ''}${exchange.cookies ? 'c' : ''} ${exchange.target.key}`
}
