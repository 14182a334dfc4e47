import type { Clock } from '@tierstack/cache-core'
import type { Node, Port, Subscriber } from './port.ts'

export interface SubscriptionHost {
  /** The server has confirmed every channel. */
  subscribed(): void
  message(channel: string, message: Uint8Array): void
  /** Whether changes of keys are to be reported, by the connection with this id. */
  readonly tracked: boolean
  reports(id: number): Promise<void>
  changed(names: readonly Uint8Array[] | null): void
  lost(): void
}

/** The channels of one node, on one connection, subscribed again after every reconnect. */
export class Subscription {
  readonly #subscriber: Subscriber
  readonly #groups: readonly (readonly string[])[]
  readonly #clock: Clock
  readonly #host: SubscriptionHost
  #closed = false
  #ready = false
  #heardAt: number

  /** @param groups Channels, those together that share a slot. */
  constructor(
    port: Port,
    node: Node,
    groups: readonly (readonly string[])[],
    clock: Clock,
    host: SubscriptionHost,
  ) {
    this.#groups = groups
    this.#clock = clock
    this.#host = host
    this.#heardAt = clock.now()
    this.#subscriber = port.subscriber(node, {
      tracked: host.tracked,
      changed: (names) => {
        if (!this.#closed) host.changed(names)
      },
      ready: () => void this.#subscribe(),
      message: (channel, message) => {
        if (this.#closed) return
        this.#heardAt = clock.now()
        host.message(channel, message)
      },
      lost: () => {
        if (this.#closed || !this.#ready) return
        this.#ready = false
        host.lost()
      },
    })
  }

  covers(groups: readonly (readonly string[])[] | undefined): boolean {
    return groups !== undefined && groups.flat().join('\n') === this.#groups.flat().join('\n')
  }

  /** The data connection has just come back: this one is given the same time to do so. */
  expect(): void {
    this.#heardAt = this.#clock.now()
  }

  /** Called when the data connection answered: then a subscriber that heard nothing for so long is dead. */
  check(silence: number): void {
    if (this.#closed || this.#clock.now() - this.#heardAt < Math.max(silence, 1_000)) return
    this.#heardAt = this.#clock.now()
    this.#subscriber.reconnect()
  }

  close(): void {
    this.#closed = true
    this.#subscriber.close()
  }

  async #subscribe(): Promise<void> {
    if (this.#closed) return
    this.#ready = true
    this.#heardAt = this.#clock.now()
    try {
      if (this.#host.tracked) await this.#host.reports(await this.#subscriber.reports())
      await Promise.all(this.#groups.map((channels) => this.#subscriber.subscribe(channels)))
    } catch {
      // A refusal shows as silence: heartbeats don't come through, and the connection is made again.
      return
    }
    if (!this.#closed) this.#host.subscribed()
  }
}
