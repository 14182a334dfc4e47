import type { Receipt } from '@tierstack/cache-core'
import type { ChangedCache } from './feed-options.ts'

export interface TagsAndKeys {
  readonly tags: readonly string[]
  readonly keys: readonly string[]
}

/** Names in one removal. */
const most = 2_000
/** Past so many names that a tier hasn't confirmed, clearing everything is cheaper than remembering them. */
const mostUnconfirmed = 20_000
/**
 * The cache repeats by itself what its tiers didn't confirm, as soon as they are back; sending it again only asks
 * whether that has happened, and drops what was loaded meanwhile. So it's asked ever more seldom.
 */
const firstRetryMs = 250
const lastRetryMs = 5_000

class Group {
  readonly tags = new Set<string>()
  readonly keys = new Set<string>()
  readonly resolve: (() => void)[] = []
  all = false
  since = performance.now()

  add(removal: TagsAndKeys | 'all'): void {
    if (removal === 'all') this.all = true
    else {
      for (const tag of removal.tags) this.tags.add(tag)
      for (const key of removal.keys) this.keys.add(key)
    }
    if (this.all || this.size > mostUnconfirmed) this.#widen()
  }

  get size(): number {
    return this.tags.size + this.keys.size
  }

  join(other: Group): void {
    this.since = Math.min(this.since, other.since)
    this.resolve.push(...other.resolve)
    this.add(other.all ? 'all' : { tags: [...other.tags], keys: [...other.keys] })
  }

  #widen(): void {
    this.all = true
    this.tags.clear()
    this.keys.clear()
  }
}

/**
 * Removals on their way to the cache. What arrives while one is under way goes out together as the next. What a tier
 * didn't confirm is sent again, without holding up what comes after it: removals don't depend on each other's order.
 */
export class RemovalQueue {
  readonly #cache: ChangedCache
  #waiting: Group | undefined
  #unconfirmed: Group | undefined
  #running: Group | undefined
  #timer: NodeJS.Timeout | undefined
  #retryMs = firstRetryMs
  #closed = false

  constructor(cache: ChangedCache) {
    this.#cache = cache
  }

  /** `performance.now()` when the oldest unconfirmed removal came. */
  get oldest(): number | undefined {
    return [this.#unconfirmed, this.#running, this.#waiting].find((group) => group !== undefined)?.since
  }

  /** Resolves when every tier has confirmed; never, when that doesn't happen before `close`. */
  add(removal: TagsAndKeys | 'all'): Promise<void> {
    if (removal !== 'all' && removal.tags.length + removal.keys.length === 0) return Promise.resolve()
    this.#waiting ??= new Group()
    this.#waiting.add(removal)
    const { resolve } = this.#waiting
    const confirmed = new Promise<void>((done) => resolve.push(done))
    if (this.#running === undefined) void this.#run()
    return confirmed
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #run(): Promise<void> {
    while (this.#waiting !== undefined && !this.#closed) {
      const group = this.#waiting
      this.#waiting = undefined
      this.#running = group
      if (await this.#send(group)) {
        this.#retryMs = firstRetryMs
        for (const done of group.resolve) done()
      } else this.#keep(group)
    }
    this.#running = undefined
  }

  #keep(group: Group): void {
    if (this.#unconfirmed === undefined) this.#unconfirmed = group
    else this.#unconfirmed.join(group)
    if (this.#timer !== undefined) return
    const wait = this.#retryMs
    this.#retryMs = Math.min(wait * 2, lastRetryMs)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const again = this.#unconfirmed
      this.#unconfirmed = undefined
      if (again === undefined || this.#closed) return
      if (this.#waiting !== undefined) again.join(this.#waiting)
      this.#waiting = again
      if (this.#running === undefined) void this.#run()
    }, wait)
  }

  /** Did every tier, and the bus, confirm? */
  async #send(group: Group): Promise<boolean> {
    try {
      const receipts: Receipt[] = []
      if (group.all) receipts.push(await this.#cache.changed({ kind: 'all' }))
      for (const kind of ['tags', 'keys'] as const) {
        for (const part of chunks([...group[kind]])) {
          const removal =
            kind === 'tags'
              ? ({ kind, tags: part, soft: false } as const)
              : ({ kind, keys: part, soft: false } as const)
          receipts.push(await this.#cache.changed(removal))
        }
      }
      return receipts.every(({ queued, bus }) => queued.length === 0 && bus !== 'queued')
    } catch {
      // A tag that the cache refuses, or a cache that is closed: nothing less than everything would do.
      group.add('all')
      return false
    }
  }
}

function chunks(all: readonly string[]): string[][] {
  const parts: string[][] = []
  for (let at = 0; at < all.length; at += most) parts.push(all.slice(at, at + most))
  return parts
}
