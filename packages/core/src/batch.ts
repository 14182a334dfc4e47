import { atEndOfTurn } from './turn.ts'

interface Waiting<O> {
  readonly resolve: (output: O) => void
  readonly reject: (error: unknown) => void
}

/** What leaves together. */
class Group<I, O> {
  readonly items: I[] = []
  readonly waiting: Waiting<O>[] = []
  readonly keys = new Map<string, Promise<O>>()
  /** It was told to leave, and may still wait for a place. */
  leaving = false

  fail(error: unknown): void {
    for (const { reject } of this.waiting) reject(error)
  }
}

/**
 * Collects what is asked for in one turn of the event loop and asks once.
 *
 * A turn and not a tick: requests from many clients, and rows from the connections of a pool, come one by one, each in a
 * tick of its own, and a write to a socket each is most of what they would cost. A lone call isn't delayed: with nothing
 * else to handle, the turn is over.
 */
export class Batch<I, O> {
  #gathering = new Group<I, O>()
  readonly #run: (items: readonly I[]) => Promise<readonly O[]>
  readonly #limit: number
  readonly #place: (go: () => Promise<readonly O[]>) => Promise<readonly O[]>

  /** @param place Runs it when there is a place for it; what is asked for until then goes along. */
  constructor(
    run: (items: readonly I[]) => Promise<readonly O[]>,
    limit = 1_000,
    place: (go: () => Promise<readonly O[]>) => Promise<readonly O[]> = (go) => go(),
  ) {
    this.#run = run
    this.#limit = limit
    this.#place = place
  }

  /** The answer for `item`. Items with the same `key` in one batch are asked once. */
  add(key: string, item: I): Promise<O> {
    const group = this.#gathering
    const { items, waiting, keys } = group
    const known = keys.get(key)
    if (known) return known
    if (items.length === 0) atEndOfTurn(() => this.#leave(group))
    const promise = new Promise<O>((resolve, reject) => {
      items.push(item)
      waiting.push({ resolve, reject })
    })
    keys.set(key, promise)
    if (items.length >= this.#limit) this.flush()
    return promise
  }

  /** As `add`, for items of which none may be left out: a second one with the same key goes into the next batch. */
  addEach(key: string, item: I): Promise<O> {
    if (this.#gathering.keys.has(key)) this.flush()
    return this.add(key, item)
  }

  /** Asks at once for what was collected: nothing else goes along. */
  flush(): void {
    const group = this.#gathering
    if (group.items.length === 0) return
    this.#gathering = new Group()
    this.#leave(group)
  }

  #leave(group: Group<I, O>): void {
    if (group.leaving) return
    group.leaving = true
    const close = () => {
      if (this.#gathering === group) this.#gathering = new Group()
    }
    const go = () => {
      close()
      return this.#run(group.items)
    }
    this.#place(go).then(
      (outputs) => {
        if (outputs.length === group.items.length) group.waiting.forEach((w, i) => w.resolve(outputs[i] as O))
        else group.fail(new Error(`a batch of ${group.items.length} got ${outputs.length} answers`))
      },
      (error: unknown) => {
        close()
        group.fail(error)
      },
    )
  }
}
