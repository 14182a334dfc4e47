import { CacheError, systemClock } from '@tierstack/cache-core'
import type { Clock, DeadWrite, PendingWrite, WriteQueue } from '@tierstack/cache-core'
import { structuredCodec } from './structured-codec.ts'

interface Topic {
  readonly pending: Map<string, { bytes: Uint8Array; token: string; first: string }>
  readonly dead: DeadWrite[]
  holder: { readonly worker: string; until: number } | undefined
}

/** A write queue in this process, for tests: what it holds survives the caches on it, and it can be unreachable. */
export interface ProcessQueue {
  /** A connection for one cache. */
  connect(): WriteQueue
  /** From now on every request rejects, done or not. */
  down(how?: 'drop' | 'lose'): void
  up(): void
  /** Tokens and keys that are pending, the oldest first, such as `row#1`. */
  pendingKeys(topic: string): string[]
}

class Queue implements ProcessQueue {
  readonly #clock: Clock
  readonly #topics = new Map<string, Topic>()
  #trouble: 'drop' | 'lose' | undefined
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  down(how: 'drop' | 'lose' = 'drop'): void {
    this.#trouble = how
  }

  up(): void {
    this.#trouble = undefined
  }

  pendingKeys(topic: string): string[] {
    return [...this.#topic(topic).pending.keys()]
  }

  connect(): WriteQueue {
    return {
      name: 'process-queue',
      codec: structuredCodec,
      open: () => undefined,
      append: (topic, writes) =>
        this.#ask(() => {
          const own = this.#topic(topic)
          for (const { key, bytes } of writes) {
            const token = this.#next()
            const first = own.pending.get(key)?.first ?? token
            own.pending.set(key, { bytes: bytes.slice(), token, first })
          }
        }),
      pending: (topic, keys) =>
        this.#ask(() => keys.map((key) => this.#topic(topic).pending.get(key)?.bytes.slice())),
      take: (topic, { worker, holdMs, after, limit }) =>
        this.#ask(() => {
          const own = this.#topic(topic)
          const now = this.#clock.now()
          if (own.holder && own.holder.worker !== worker && own.holder.until > now) return undefined
          own.holder = { worker, until: now + holdMs }
          const all = [...own.pending]
            .map(([key, { bytes, token, first }]): PendingWrite => ({ key, bytes, token, receipt: first }))
            .filter(({ receipt }) => receipt > after)
            .toSorted((a, b) => (a.receipt < b.receipt ? -1 : 1))
          const writes = all.slice(0, limit)
          return { writes, next: all.length > limit ? writes.at(-1)?.receipt : undefined }
        }),
      renew: (topic, worker, holdMs) =>
        this.#ask(() => {
          const { holder } = this.#topic(topic)
          if (holder?.worker !== worker) return false
          holder.until = this.#clock.now() + holdMs
          return true
        }),
      release: (topic, worker) =>
        this.#ask(() => {
          const own = this.#topic(topic)
          if (own.holder?.worker === worker) own.holder = undefined
        }),
      confirm: (topic, writes) => this.#ask(() => this.#remove(topic, writes)),
      bury: (topic, writes) =>
        this.#ask(() => {
          const { pending, dead } = this.#topic(topic)
          for (const { key, bytes, token, reason } of writes) {
            if (pending.get(key)?.token === token)
              dead.push({ key, bytes, token, reason, at: this.#clock.wall() })
          }
          this.#remove(topic, writes)
        }),
      dead: (topic, limit) => this.#ask(() => this.#topic(topic).dead.slice(0, limit)),
      discard: (topic, tokens) =>
        this.#ask(() => {
          const { dead } = this.#topic(topic)
          dead.splice(0, dead.length, ...dead.filter(({ token }) => !tokens.includes(token)))
        }),
      retry: (topic, tokens) =>
        this.#ask(() => {
          const { pending, dead } = this.#topic(topic)
          const again = dead.filter(({ token }) => tokens.includes(token))
          dead.splice(0, dead.length, ...dead.filter((letter) => !again.includes(letter)))
          for (const { key, bytes, token } of again.toReversed()) {
            if (!pending.has(key)) pending.set(key, { bytes, token, first: this.#next() })
          }
        }),
      state: (topic) =>
        this.#ask(() => {
          const { pending } = this.#topic(topic)
          const all = [...pending.values()].flatMap(({ first, token }) => [first, token]).toSorted()
          const firsts = [...pending.values()].map(({ first }) => first).toSorted()
          return { size: pending.size, first: firsts[0], last: all.at(-1) }
        }),
      close: () => Promise.resolve(),
    }
  }

  #next(): string {
    return String(++this.#count).padStart(12, '0')
  }

  #remove(topic: string, writes: readonly PendingWrite[]): void {
    const { pending } = this.#topic(topic)
    for (const { key, token } of writes) {
      const now = pending.get(key)
      if (now?.token === token) pending.delete(key)
      else if (now) now.first = now.token
    }
  }

  #topic(name: string): Topic {
    const known = this.#topics.get(name)
    if (known) return known
    const topic: Topic = { pending: new Map(), dead: [], holder: undefined }
    this.#topics.set(name, topic)
    return topic
  }

  async #ask<R>(step: () => R): Promise<R> {
    const broken = () => new CacheError('TIER_UNAVAILABLE', 'The write queue can not be reached')
    if (this.#trouble === 'drop') throw broken()
    const answer = step()
    await Promise.resolve()
    if (this.#trouble === 'lose') throw broken()
    return answer
  }
}

/** A write queue that caches of one process share, for tests. */
export function processQueue(options: { readonly clock?: Clock } = {}): ProcessQueue {
  return new Queue(options.clock ?? systemClock)
}
