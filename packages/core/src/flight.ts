import type { TagStamp } from './entry.ts'
import type { Life } from './freshness.ts'
import type { MissReason } from './stats.ts'
import type { TracedRead } from './tracing.ts'

/** What a flight brings to those who wait for it. */
export interface Landing {
  readonly value: unknown
  /** Readers get copies of their own. */
  readonly clone: boolean
  /**
   * Slots of the value's tags in the removal fence. Who joined after one of them was removed mustn't get the value:
   * whether a tag concerns a flight is known only when it lands, and a flight that answered early goes on.
   */
  readonly slots: readonly number[]
  readonly tags: readonly TagStamp[]
  /** How long the value may be kept; undefined when it was given to its readers only. */
  readonly life: Life | undefined
  /** Position of the tier that had the value, or -1 when it was loaded (or nothing was found). */
  readonly position: number
  readonly state: 'fresh' | 'stale' | 'loaded' | 'nothing'
  /** Time of the load that made the value, ms. */
  readonly loadMs: number
  /** Instant until which readers who come later may share this answer. */
  readonly until: number
  /** Why it was loaded, or not found; means nothing for what a tier had. */
  readonly reason: MissReason
}

/** Readers of a load that is wanted to its end. A small integer: a number that isn't takes a box in every flight. */
const forGood = 2 ** 29

/** A promise for whoever asks for one: most flights have no other reader than the one who began them. */
class Outcome {
  readonly promise: Promise<Landing>
  settle!: (landing: Landing) => void
  fail!: (error: unknown) => void

  constructor(landing: Landing | undefined, failure: { readonly error: unknown } | undefined) {
    this.promise = new Promise((resolve, reject) => {
      this.settle = resolve
      this.fail = reject
    })
    // A flight in the background may have nobody who listens to its failure.
    this.promise.catch(() => {})
    if (landing) this.settle(landing)
    else if (failure) this.fail(failure.error)
  }
}

/**
 * The one load in progress for a key. Readers share it, but wait privately: a reader's signal ends its own wait,
 * and the load is aborted only when nobody waits any more.
 */
export class Flight {
  readonly key: string
  /** Fence sequence when it began: a removal with a higher number came after. */
  readonly sequence: number
  readonly startedAt: number
  /** The read that began it, where it is traced. */
  readonly trace: TracedRead | undefined
  /** Whether readers who come later find it by its name. */
  listed = false
  /** It brings what the source says from here on, and nothing that a tier had. */
  loading = false
  /** The answer that waiters got. */
  answer: Landing | undefined
  #final: Landing | undefined
  #failure: { readonly error: unknown } | undefined
  #first: Outcome | undefined
  #last: Outcome | undefined
  #landed = false
  #waiting = 0
  #controller: AbortController | undefined
  #abandoned: unknown
  #isAbandoned = false

  /** As a passenger is asked for his. */
  get flight(): this {
    return this
  }

  constructor(key: string, sequence: number, startedAt: number, trace?: TracedRead) {
    this.trace = trace
    this.key = key
    this.sequence = sequence
    this.startedAt = startedAt
  }

  /** True once waiters have their answer, although the load may go on behind it. */
  get landed(): boolean {
    return this.#landed
  }

  /** True once nobody waits any more, or the load ran too long: not to be joined. */
  get abandoned(): boolean {
    return this.#isAbandoned
  }

  /** Throws what the flight was abandoned with. */
  throwIfAbandoned(): void {
    if (this.#isAbandoned) throw this.#abandoned
  }

  /** Aborted when the load isn't wanted any more. Made on first use: most loaders never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isAbandoned) this.#controller.abort(this.#abandoned)
    return this.#controller.signal
  }

  /** Answers those who wait, while the load goes on. */
  land(landing: Landing): void {
    this.#landed = true
    if (this.answer || this.#failure) return
    this.answer = landing
    this.#first?.settle(landing)
  }

  end(landing: Landing): void {
    this.land(landing)
    if (this.#final || this.#failure) return
    this.#final = landing
    this.#last?.settle(landing)
  }

  crash(error: unknown): void {
    this.#landed = true
    if (this.#failure) return
    this.#failure = { error }
    this.#first?.fail(error)
    this.#last?.fail(error)
  }

  abort(reason: unknown): void {
    if (this.#isAbandoned) return
    this.#isAbandoned = true
    this.#abandoned = reason
    this.#controller?.abort(reason)
  }

  /** The answer for a reader who comes at `now`: an early stale one may be too old for it by then. */
  wait(now: number, signal: AbortSignal | undefined): Promise<Landing> {
    const late = this.answer !== undefined && now >= this.answer.until
    const answer = late ? this.#ended() : this.#landing()
    if (signal !== undefined) return this.#waitUntil(signal, answer)
    // Such a reader can't leave, so the load is wanted to its end.
    this.#waiting = forGood
    return answer
  }

  async #waitUntil(signal: AbortSignal, answer: Promise<Landing>): Promise<Landing> {
    signal.throwIfAborted()
    this.#waiting++
    let leave!: () => void
    const left = new Promise<never>((_, reject) => {
      leave = () => {
        if (--this.#waiting === 0 && !this.#landed) this.abort(signal.reason)
        reject(signal.reason as Error)
      }
    })
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([answer, left])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  #landing(): Promise<Landing> {
    this.#first ??= new Outcome(this.answer, this.#failure)
    return this.#first.promise
  }

  #ended(): Promise<Landing> {
    this.#last ??= new Outcome(this.#final, this.#failure)
    return this.#last.promise
  }

  /** The load goes on whoever leaves. */
  keep(): void {
    this.#waiting = forGood
  }
}
