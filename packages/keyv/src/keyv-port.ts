import { CacheError } from '@tierstack/cache-core'
import { isKeyv } from './keyv-like.ts'
import type { KeyvAdapterLike, KeyvLike } from './keyv-like.ts'

/** Keyv reads numbers below this as what they are, and some stores refuse dates much later. */
const longestLife = 10 * 365 * 86_400_000

export interface PortWrite {
  readonly key: string
  readonly value: string | Uint8Array
  /** Milliseconds, `Infinity` for ever. */
  readonly life: number
}

/**
 * One way to talk to Keyv 5, Keyv 6, their adapters, and a `Map`.
 *
 * Keyv and many adapters report a failure as an `error` event and answer as if nothing had been there. Here every
 * request that runs while such an event comes is rejected: a lost removal must not look like a done one.
 */
export class KeyvPort {
  readonly #store: KeyvLike | KeyvAdapterLike
  /** Told of errors that come while no request runs. */
  readonly #onIdleError: (error: unknown) => void
  readonly #listener: (error: unknown) => void
  #errors = 0
  #lastError: unknown
  #running = 0

  constructor(store: KeyvLike | KeyvAdapterLike, onIdleError: (error: unknown) => void) {
    this.#store = store
    this.#onIdleError = onIdleError
    this.#listener = (error) => {
      this.#errors++
      this.#lastError = error
      if (this.#running === 0) this.#onIdleError(error)
    }
    store.on?.('error', this.#listener)
  }

  getMany(keys: string[]): Promise<readonly unknown[]> {
    const store = this.#store
    if (keys.length === 0) return Promise.resolve([])
    return this.#watched(() => {
      if (isKeyv(store)) return store.get(keys)
      if (store.getMany) return store.getMany(keys)
      return Promise.all(keys.map((key) => store.get(key)))
    })
  }

  async setMany(items: readonly PortWrite[]): Promise<void> {
    const done = await this.#watched(() => Promise.all(items.map((item) => this.#setOne(item))))
    if (done.includes(false)) throw new CacheError('TIER_UNAVAILABLE', 'The Keyv store refused a write')
  }

  async deleteMany(keys: string[]): Promise<void> {
    const store = this.#store
    if (keys.length === 0) return
    await this.#watched<unknown>(() => {
      if (isKeyv(store)) return store.delete(keys)
      if (store.deleteMany) return store.deleteMany(keys)
      return Promise.all(keys.map((key) => store.delete(key)))
    })
  }

  close(): void {
    this.#store.off?.('error', this.#listener)
  }

  #setOne({ key, value, life }: PortWrite): unknown {
    const store = this.#store
    const ttl = Math.max(1, Math.min(Math.ceil(life), longestLife))
    if (isKeyv(store)) return store.set(key, value, ttl)
    // Absolute instants are compared with this machine's clock, whatever clock the cache was given.
    return store.set(key, value as never, store.capabilities?.expires === true ? Date.now() + ttl : ttl)
  }

  async #watched<R>(request: () => Promise<R>): Promise<R> {
    const errors = this.#errors
    this.#running++
    try {
      const answer = await request()
      if (errors !== this.#errors) {
        throw new CacheError('TIER_UNAVAILABLE', 'The Keyv store reported an error', {
          cause: this.#lastError,
        })
      }
      return answer
    } finally {
      this.#running--
    }
  }
}
