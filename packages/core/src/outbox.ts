import type { Removal } from './bus.ts'
import type { Clock } from './clock.ts'
import { Journal } from './journal.ts'

const retryMs = 100

/** Removals on their way to somebody who only listens: a bus, a CDN. What wasn't taken is kept and tried again. */
export class Outbox {
  readonly name: string
  readonly #journal = new Journal()
  readonly #clock: Clock
  readonly #deliver: (removal: Removal) => Promise<void>
  #draining: Promise<boolean> | undefined
  #closed = false

  constructor(name: string, clock: Clock, deliver: (removal: Removal) => Promise<void>) {
    this.name = name
    this.#clock = clock
    this.#deliver = deliver
  }

  get size(): number {
    return this.#journal.size
  }

  /** Resolves to whether it was taken within `timeout` ms; if not, it stays queued. */
  async send(removal: Removal, timeout: number): Promise<boolean> {
    this.#journal.add(removal)
    let cancel = () => {}
    const late = new Promise<boolean>((resolve) => {
      cancel = this.#clock.after(timeout, () => resolve(false))
    })
    const done = await Promise.race([this.#drain(), late])
    cancel()
    return done
  }

  close(): void {
    this.#closed = true
  }

  #drain(): Promise<boolean> {
    if (this.#journal.size === 0 || this.#closed) return Promise.resolve(this.#journal.size === 0)
    this.#draining ??= this.#deliverAll()
    return this.#draining
  }

  async #deliverAll(): Promise<boolean> {
    try {
      while (this.#journal.size > 0 && !this.#closed) {
        const page = this.#journal.page()
        if (page.all) await this.#deliver({ kind: 'all' })
        if (page.keys.length > 0) await this.#deliver({ kind: 'keys', keys: page.keys, soft: false })
        if (page.softKeys.length > 0) await this.#deliver({ kind: 'keys', keys: page.softKeys, soft: true })
        if (page.tags.length > 0) await this.#deliver({ kind: 'tags', tags: page.tags, soft: false })
        if (page.softTags.length > 0) await this.#deliver({ kind: 'tags', tags: page.softTags, soft: true })
        page.confirm()
      }
      return this.#journal.size === 0
    } catch {
      this.#clock.after(retryMs, () => {
        if (!this.#closed) void this.#drain()
      })
      return false
    } finally {
      // In the same stretch as the last look at the journal: whoever sends from here on begins anew.
      this.#draining = undefined
    }
  }
}
