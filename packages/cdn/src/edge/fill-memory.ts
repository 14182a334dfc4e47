/** Texts remembered for a while; the oldest go when there are too many. */
export class FillMemory<V> {
  readonly #most: number
  readonly #life: number
  readonly #known = new Map<string, { readonly value: V; readonly until: number }>()

  constructor(most: number, life: number) {
    this.#most = most
    this.#life = life
  }

  get(key: string, now: number): V | undefined {
    const found = this.#known.get(key)
    if (found === undefined) return undefined
    if (now < found.until) return found.value
    this.#known.delete(key)
    return undefined
  }

  set(key: string, value: V, now: number): void {
    this.#known.delete(key)
    this.#known.set(key, { value, until: now + this.#life })
    if (this.#known.size > this.#most) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest as string)
    }
  }

  delete(key: string): void {
    this.#known.delete(key)
  }
}
