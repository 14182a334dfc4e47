import { answerInTime } from './answer-in-time.ts'
import type { Removal } from './bus.ts'
import type { Clock } from './clock.ts'
import { Journal } from './journal.ts'
import type { JournalPage } from './journal.ts'

const retryMs = 100
/** Whoever hasn't taken a removal by then is asked again, ms: a connection that is dead without knowing it never answers. */
const deliveryMs = 10_000

/** Removals on their way to somebody who only listens: a bus, a CDN. What wasn't taken is kept and tried again. */
export class Outbox {
  readonly name: string
  readonly #journal = new Journal()
  readonly #clock: Clock
  readonly #deliver: (removal: Removal) => Promise<void>
  /** Who wants to know what becomes of a removal that isn't on its way yet. */
  #waiting: ((taken: boolean) => void)[] = []
  #delivering = false
  #closed = false

  constructor(name: string, clock: Clock, deliver: (removal: Removal) => Promise<void>) {
    this.name = name
    this.#clock = clock
    this.#deliver = (removal) => answerInTime(clock, name, deliver(removal), deliveryMs)
  }

  get size(): number {
    return this.#journal.size
  }

  /** Resolves to whether it was taken within `timeout` ms; if not, it stays queued. */
  send(removal: Removal, timeout: number): Promise<boolean> {
    this.#journal.add(removal)
    return new Promise<boolean>((resolve) => {
      const cancel = this.#clock.after(timeout, () => resolve(false))
      this.#waiting.push((taken) => {
        cancel()
        resolve(taken)
      })
      void this.#deliverAll()
    })
  }

  close(): void {
    this.#closed = true
  }

  /** Never rejects. */
  async #deliverAll(): Promise<void> {
    if (this.#delivering) return
    this.#delivering = true
    let onTheWay: readonly ((taken: boolean) => void)[] = []
    try {
      while (this.#journal.size > 0 && !this.#closed) {
        const page = this.#journal.page()
        onTheWay = this.#waiting.splice(0)
        await this.#deliverPage(page)
        page.confirm()
        // What came meanwhile is the next page's: under a steady stream nobody waits for its end.
        for (const tell of onTheWay) tell(true)
      }
    } catch {
      for (const tell of onTheWay) tell(false)
      this.#clock.after(retryMs, () => {
        if (!this.#closed) void this.#deliverAll()
      })
    } finally {
      // In one stretch with the last look at the journal: who sends from here on begins anew.
      this.#delivering = false
    }
    for (const tell of this.#waiting.splice(0)) tell(this.#journal.size === 0)
  }

  async #deliverPage(page: JournalPage): Promise<void> {
    if (page.all) await this.#deliver({ kind: 'all' })
    if (page.keys.length > 0) await this.#deliver({ kind: 'keys', keys: page.keys, soft: false })
    if (page.softKeys.length > 0) await this.#deliver({ kind: 'keys', keys: page.softKeys, soft: true })
    if (page.tags.length > 0) await this.#deliver({ kind: 'tags', tags: page.tags, soft: false })
    if (page.softTags.length > 0) await this.#deliver({ kind: 'tags', tags: page.softTags, soft: true })
  }
}
