import { atEndOfTurn } from './turn.ts'

interface Waiting<O> {
  readonly resolve: (output: O) => void
  readonly reject: (error: unknown) => void
}

/**
 * Collects what is asked for in one turn of the event loop and asks once.
 *
 * A turn and not a tick: requests from many clients, and rows from the connections of a pool, come one by one, each in a
 * tick of its own, and a write to a socket each is most of what they would cost. A lone call isn't delayed: with nothing else to handle, the turn is over.
 */
export class Batch<I, O> {
  #items: I[] = []
  #waiting: Waiting<O>[] = []
  #keys = new Map<string, Promise<O>>()
  readonly #run: (items: readonly I[]) => Promise<readonly O[]>
  readonly #limit: number

  constructor(run: (items: readonly I[]) => Promise<readonly O[]>, limit = 1_000) {
    this.#run = run
    this.#limit = limit
  }

  /** The answer for `item`. Items with the same `key` in one batch are asked once. */
  add(key: string, item: I): Promise<O> {
    const known = this.#keys.get(key)
    if (known) return known
    if (this.#items.length === 0) atEndOfTurn(() => this.flush())
    const promise = new Promise<O>((resolve, reject) => {
      this.#items.push(item)
      this.#waiting.push({ resolve, reject })
    })
    this.#keys.set(key, promise)
    if (this.#items.length >= this.#limit) this.flush()
    return promise
  }

  /** As `add`, for items of which none may be left out: a second one with the same key goes into the next batch. */
  addEach(key: string, item: I): Promise<O> {
    if (this.#keys.has(key)) this.flush()
    return this.add(key, item)
  }

  /** Asks at once for what was collected. */
  flush(): void {
    if (this.#items.length === 0) return
    const items = this.#items
    const waiting = this.#waiting
    this.#items = []
    this.#waiting = []
    this.#keys = new Map()
    const fail = (error: unknown) => {
      for (const w of waiting) w.reject(error)
    }
    this.#run(items).then((outputs) => {
      if (outputs.length !== items.length) {
        fail(new Error(`a batch of ${items.length} got ${outputs.length} answers`))
        return
      }
      waiting.forEach((w, i) => w.resolve(outputs[i] as O))
    }, fail)
  }
}
