import type { Cache, Cached, KeyOf } from '@tierstack/cache-core'

/** Where an answer came from: the name of a tier, or the database. */
export type Source = string
export const fromDatabase: Source = 'database'

/** One answer, who gave it, and how long the reader waited. */
export interface Served<V> {
  readonly value: V
  readonly source: Source
  readonly ms: number
}

interface Read {
  source: Source | undefined
}

/**
 * Tells for each read which tier served it, from the events of the cache: one `hit` or `miss` for every read that
 * is answered. A local hit reports while the call is on the stack; all others report their key, in the order in which
 * they were asked.
 */
export class ServedReads {
  readonly #waiting = new Map<string, Read[]>()
  readonly #stop: readonly (() => void)[]
  readonly #listeners = new Set<(source: Source, ms: number) => void>()
  #calling: Read | undefined

  constructor(cache: Cache) {
    this.#stop = [
      cache.on('hit', (event) => {
        if (this.#calling) this.#calling.source = event.tier
        else this.#mark(event.key(), event.tier)
      }),
      cache.on('miss', (event) => this.#mark(event.key(), fromDatabase)),
    ]
  }

  /** Reads through the definition. Rejects as the definition does. */
  async read<K extends KeyOf, V>(definition: Cached<K, V>, input: K): Promise<Served<V>> {
    const read: Read = { source: undefined }
    const began = performance.now()
    const answer = this.#call(read, definition, input)
    const key = read.source === undefined ? definition.keyFor(input) : undefined
    if (key !== undefined) this.#wait(key, read)
    try {
      const value = await answer
      const source = read.source ?? fromDatabase
      const ms = performance.now() - began
      for (const tell of this.#listeners) tell(source, ms)
      return { value, source, ms }
    } finally {
      if (key !== undefined) this.#leave(key, read)
    }
  }

  /** Tells of every read that was answered. Returns the function that stops it. */
  listen(tell: (source: Source, ms: number) => void): () => void {
    this.#listeners.add(tell)
    return () => void this.#listeners.delete(tell)
  }

  close(): void {
    for (const stop of this.#stop) stop()
  }

  #call<K extends KeyOf, V>(read: Read, definition: Cached<K, V>, input: K): Promise<V> {
    this.#calling = read
    try {
      return definition(input)
    } finally {
      this.#calling = undefined
    }
  }

  #wait(key: string, read: Read): void {
    const reads = this.#waiting.get(key)
    if (reads) reads.push(read)
    else this.#waiting.set(key, [read])
  }

  #leave(key: string, read: Read): void {
    const rest = (this.#waiting.get(key) ?? []).filter((other) => other !== read)
    if (rest.length > 0) this.#waiting.set(key, rest)
    else this.#waiting.delete(key)
  }

  #mark(key: string, source: Source): void {
    const read = this.#waiting.get(key)?.find((other) => other.source === undefined)
    if (read) read.source = source
  }
}
