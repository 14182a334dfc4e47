interface Counter {
  count: number
  /** How much of the count may belong to names that had the counter before. */
  error: number
}

/**
 * The most frequent names of a stream, in bounded memory: a name that isn't counted takes over the smallest counter.
 * A count is too high by at most `seen / capacity`, and whatever is more frequent than that is among them.
 *
 * Space-Saving: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams",
 * ICDT 2005. Names with the same count are kept in one bucket, so that each step is O(1).
 */
export class SpaceSaving {
  readonly #capacity: number
  readonly #counters = new Map<string, Counter>()
  readonly #buckets = new Map<number, Set<string>>()
  #least = 0
  #seen = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get seen(): number {
    return this.#seen
  }

  add(name: string): void {
    this.#seen++
    const known = this.#counters.get(name)
    if (known) this.#move(name, known)
    else if (this.#counters.size < this.#capacity) this.#place(name, { count: 1, error: 0 })
    else this.#replace(name)
  }

  /** Names by their counts, the highest first. */
  top(limit: number): { readonly name: string; readonly count: number; readonly error: number }[] {
    return [...this.#counters]
      .map(([name, { count, error }]) => ({ name, count, error }))
      .toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
      .slice(0, limit)
  }

  /** Halves every count, so that what was frequent long ago gives way. */
  age(): void {
    const halved = [...this.#counters].map(([name, { count, error }]) => {
      return [name, { count: Math.ceil(count / 2), error: Math.floor(error / 2) }] as const
    })
    this.#counters.clear()
    this.#buckets.clear()
    this.#seen = Math.ceil(this.#seen / 2)
    for (const [name, counter] of halved) this.#place(name, counter)
    this.#least = Math.min(...this.#buckets.keys(), Number.POSITIVE_INFINITY)
  }

  #replace(name: string): void {
    const bucket = this.#smallest()
    const [victim] = bucket as Set<string>
    const { count } = this.#counters.get(victim as string) as Counter
    this.#drop(victim as string, count)
    this.#counters.delete(victim as string)
    this.#place(name, { count: count + 1, error: count })
  }

  #smallest(): Set<string> | undefined {
    // Counts only grow: the smallest one is found by going up, one step per step that was counted.
    while (!this.#buckets.has(this.#least)) this.#least++
    return this.#buckets.get(this.#least)
  }

  #move(name: string, counter: Counter): void {
    this.#drop(name, counter.count)
    counter.count++
    this.#place(name, counter)
  }

  #drop(name: string, count: number): void {
    const bucket = this.#buckets.get(count)
    bucket?.delete(name)
    if (bucket?.size === 0) this.#buckets.delete(count)
  }

  #place(name: string, counter: Counter): void {
    this.#counters.set(name, counter)
    const bucket = this.#buckets.get(counter.count)
    if (bucket) bucket.add(name)
    else this.#buckets.set(counter.count, new Set([name]))
    if (counter.count < this.#least) this.#least = counter.count
  }
}
