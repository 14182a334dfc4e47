import { systemClock } from '@tierstack/cache-core'
import type { Clock, MaybePromise } from '@tierstack/cache-core'
import type { SecretKey } from './secret.ts'

type Answer = SecretKey | undefined

interface Remembered {
  readonly key: Answer
  readonly freshUntil: number
  readonly until: number
}

interface Failed {
  readonly error: Error
  readonly until: number
}

export interface KeyMemoryOptions {
  readonly freshFor: number
  readonly usableFor: number
  readonly retryAfter: number
  readonly timeout: number
  readonly clock?: Clock | undefined
}

const most = 10_000
/** Unknown names may come from whoever can write into a tier: they mustn't become a flood of questions. */
const strangersPerSecond = 50

/**
 * Keys that were fetched, so that a read doesn't wait for a key service. Each is asked for once at a time, asked for
 * again behind the readers when it is no longer fresh, and used at most `usableFor` without a new answer. A failing
 * service isn't asked again for `retryAfter`.
 */
export class KeyMemory {
  readonly #options: KeyMemoryOptions
  readonly #clock: Clock
  readonly #known = new Map<string, Remembered>()
  readonly #failed = new Map<string, Failed>()
  readonly #asking = new Map<string, Promise<Answer>>()
  /** Raised by `forget`: an answer that was on its way is of before. */
  #round = 0
  #strangers = 0
  #strangersSince = Number.NEGATIVE_INFINITY

  constructor(options: KeyMemoryOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** The key of a name. `stranger`: the name was read from a frame. */
  of(name: string, ask: () => MaybePromise<Answer>, stranger: boolean): MaybePromise<Answer> {
    const known = this.#known.get(name)
    const now = this.#clock.now()
    if (known !== undefined && now < known.freshUntil) return known.key
    if (known?.key !== undefined && now < known.until) {
      this.#ask(name, ask, now).catch(() => {})
      return known.key
    }
    if (stranger && !this.#asking.has(name) && !this.#mayAsk(now)) return undefined
    return this.#ask(name, ask, now)
  }

  forget(names: (name: string) => boolean): void {
    this.#round++
    for (const map of [this.#known, this.#failed, this.#asking] as const) {
      for (const name of map.keys()) if (names(name)) map.delete(name)
    }
  }

  #mayAsk(now: number): boolean {
    if (now - this.#strangersSince >= 1_000) {
      this.#strangersSince = now
      this.#strangers = 0
    }
    return ++this.#strangers <= strangersPerSecond
  }

  #ask(name: string, ask: () => MaybePromise<Answer>, now: number): Promise<Answer> {
    const asking = this.#asking.get(name)
    if (asking !== undefined) return asking
    const failed = this.#failed.get(name)
    if (failed !== undefined && now < failed.until) return Promise.reject(failed.error)
    const round = this.#round
    const answer = this.#within(ask).then(
      (key) => {
        if (round === this.#round) this.#remember(name, key)
        return key
      },
      (error: Error) => {
        const until = this.#clock.now() + this.#options.retryAfter
        if (round === this.#round) bounded(this.#failed).set(name, { error, until })
        throw error
      },
    )
    this.#asking.set(name, answer)
    answer
      .finally(() => {
        if (this.#asking.get(name) === answer) this.#asking.delete(name)
      })
      .catch(() => {})
    return answer
  }

  #remember(name: string, key: Answer): void {
    const { freshFor, usableFor, retryAfter } = this.#options
    const now = this.#clock.now()
    this.#failed.delete(name)
    this.#known.delete(name)
    // That there is none may change soon: another process has just made it.
    const fresh = key === undefined ? retryAfter : freshFor
    bounded(this.#known).set(name, { key, freshUntil: now + fresh, until: now + usableFor })
  }

  #within(ask: () => MaybePromise<Answer>): Promise<Answer> {
    const { timeout } = this.#options
    return new Promise<Answer>((resolve, reject) => {
      const cancel = this.#clock.after(timeout, () =>
        reject(new Error(`Expected the key within ${timeout} ms`)),
      )
      void Promise.resolve()
        .then(ask)
        .then(resolve, reject)
        .finally(() => cancel())
    })
  }
}

function bounded<V>(map: Map<string, V>): Map<string, V> {
  if (map.size >= most) {
    for (const oldest of map.keys()) {
      map.delete(oldest)
      break
    }
  }
  return map
}
