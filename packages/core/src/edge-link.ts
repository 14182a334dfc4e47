import type { Removal } from './bus.ts'
import type { Clock } from './clock.ts'
import type { EdgeOutcome, EdgePurge, EdgeTier } from './edge-tier.ts'
import type { Events } from './events.ts'
import { Outbox } from './outbox.ts'

/** An edge as the chain sees it: what it didn't take is kept in memory and tried again. */
export class EdgeLink {
  readonly name: string
  readonly counters = { errors: 0, timeouts: 0 }
  lastError: unknown
  /** Wall-clock instant of the last change between up and degraded. */
  since = 0
  readonly #tier: EdgeTier
  readonly #clock: Clock
  readonly #outbox: Outbox
  #downSince: number | undefined

  constructor(
    tier: EdgeTier,
    o: {
      readonly namespace: string
      readonly clock: Clock
      readonly events: Events
      readonly others: boolean
    },
  ) {
    this.name = tier.name
    this.#tier = tier
    this.#clock = o.clock
    this.#outbox = new Outbox(tier.name, o.clock, async (removal) => {
      await this.#tier.purge(asPurge(removal))
    })
    tier.open({
      namespace: o.namespace,
      clock: o.clock,
      others: o.others,
      degraded: (why, error) => {
        this.lastError = error
        if (this.#downSince !== undefined) return
        this.#downSince = o.clock.now()
        this.since = o.clock.wall()
        if (o.events.on.degraded) o.events.emit('degraded', { tier: tier.name, why, error })
      },
      recovered: () => {
        if (this.#downSince === undefined) return
        const downMs = o.clock.now() - this.#downSince
        this.#downSince = undefined
        this.since = o.clock.wall()
        if (o.events.on.recovered) o.events.emit('recovered', { tier: tier.name, downMs })
      },
      warn: (finding) => {
        if (o.events.on.warning) o.events.emit('warning', { tier: tier.name, ...finding })
      },
    })
  }

  get size(): number {
    return this.#outbox.size + this.#tier.pending
  }

  get state(): 'up' | 'degraded' {
    return this.#downSince === undefined && this.#outbox.size === 0 ? 'up' : 'degraded'
  }

  /** Whether it was written down, or needn't be, within `timeout` ms. */
  async announce(removal: Removal, timeout: number): Promise<boolean> {
    return (await this.#within(timeout, this.#tier.announce(asPurge(removal)))) !== 'failed'
  }

  /** `queued`: it waits in the memory of this process. */
  async send(removal: Removal, timeout: number): Promise<EdgeOutcome> {
    const purging = this.#tier.purge(asPurge(removal))
    purging.catch(() => {
      void this.#outbox.send(removal, timeout)
    })
    const outcome = await this.#within(timeout, purging)
    return outcome === 'failed' ? 'queued' : outcome
  }

  close(): Promise<void> {
    this.#outbox.close()
    return this.#tier.close()
  }

  async #within<R>(timeout: number, work: Promise<R>): Promise<R | 'failed'> {
    let cancel = () => {}
    const late = new Promise<'failed'>((resolve) => {
      cancel = this.#clock.after(timeout, () => {
        this.counters.timeouts++
        resolve('failed')
      })
    })
    try {
      return await Promise.race([work, late])
    } catch (error) {
      this.counters.errors++
      this.lastError = error
      return 'failed'
    } finally {
      cancel()
    }
  }
}

function asPurge(removal: Removal): EdgePurge {
  if (removal.kind === 'all') return { all: true }
  if (removal.kind === 'keys') return { keys: removal.keys, soft: removal.soft }
  return { tags: removal.tags, soft: removal.soft }
}
