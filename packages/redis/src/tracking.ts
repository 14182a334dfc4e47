import type { Clock } from '@tierstack/cache-core'
import type { AnyCall } from './call.ts'
import type { Connection } from './connection.ts'
import { inside, textOf } from './port.ts'
import { spread } from './spread.ts'

/** A value that this process took from the store, or put there. */
export interface Held {
  readonly key: string
  readonly stamp: string
}

export interface TrackingHost {
  /** Somebody changed these, by whatever means. */
  changed(keys: readonly string[]): void
  /** Everything was flushed. */
  flushed(): void
}

/**
 * Lets the server report whatever changes a value that this process holds: foreign commands, expiry, eviction, flushes.
 *
 * Each value is watched by itself (`OPTIN`). With `BCAST` the server reports every lease, every mark of somebody who
 * waits, every renewal and every fill too, by name only: local entries would be dropped whenever another process
 * loads. Watching needs no part in the read: it follows it, and compares the stamp, so that a change between the two
 * is found there.
 */
export class Tracking {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #host: TrackingHost
  #target: number | undefined
  #since = Number.POSITIVE_INFINITY

  constructor(connection: Connection, host: TrackingHost) {
    this.#connection = connection
    this.#clock = connection.host.clock
    this.#host = host
  }

  /** Since when changes are reported, on `clock.now()`; `Infinity` while they aren't. */
  get since(): number {
    return this.#since
  }

  /** Reports go to the connection with this id from here on; undefined: there is none. */
  async redirect(target: number | undefined): Promise<void> {
    this.#target = target
    await this.begin()
  }

  /** Begins anew, on a connection that knows nothing. Never rejects: without reports nothing vouches for local tiers. */
  async begin(): Promise<void> {
    this.#since = Number.POSITIVE_INFINITY
    const target = this.#target
    if (target === undefined || !this.#connection.usable) return
    try {
      const words = ['CLIENT', 'TRACKING', 'ON', 'REDIRECT', target, 'OPTIN', 'NOLOOP']
      await this.#connection.ask(() => [{ bucket: 0, words }])
      if (target === this.#target) this.#since = this.#clock.now()
    } catch (error) {
      if (!this.#connection.usable) return
      this.#connection.host.warn({
        check: 'tracking',
        found: `The server refused CLIENT TRACKING: ${String(error)}`,
        fix: "Allow it, or use `bus: 'pubsub'`: until then nothing is served from local tiers for long.",
      })
    }
  }

  /** Watches values. What was changed since it was read is reported at once. */
  async watch(held: readonly Held[]): Promise<void> {
    if (this.#since === Number.POSITIVE_INFINITY) return
    const { layout } = this.#connection
    const parts = spread(
      layout,
      held.filter(({ key }) => this.#nameable(key)),
      ({ key }) => key,
    )
    if (parts.length === 0) return
    try {
      const replies = await this.#connection.ask(() =>
        parts.flatMap(({ bucket, items }): AnyCall[] => [
          { bucket, words: ['CLIENT', 'CACHING', 'YES'] },
          {
            bucket,
            script: 'watch',
            keys: this.#connection.namesOf(
              bucket,
              items.map(({ key }) => key),
            ),
            args: [],
          },
        ]),
      )
      const changed = parts.flatMap(({ items }, at) =>
        items.filter(({ stamp }, i) => textOf(inside(replies[2 * at + 1], i)) !== `V${stamp}`),
      )
      if (changed.length > 0) this.#host.changed(changed.map(({ key }) => key))
    } catch {
      // Unknown then: whether the connection is lost or the server refused, these aren't watched.
      this.#host.changed(held.map(({ key }) => key))
    }
  }

  /** The server's report: names of what changed, or null for everything. */
  report(names: readonly Uint8Array[] | null): void {
    if (names === null) {
      this.#host.flushed()
      return
    }
    const start = this.#connection.layout.entry(0, this.#connection.epoch, '')
    const keys = names.flatMap((bytes) => {
      const name = Buffer.from(bytes).toString()
      return name.startsWith(start) ? [name.slice(start.length)] : []
    })
    if (keys.length > 0) this.#host.changed(keys)
  }

  /** A hashed name doesn't tell its key. */
  #nameable(key: string): boolean {
    return this.#connection.layout.entry(0, '', key).endsWith(`:${key}`)
  }
}
