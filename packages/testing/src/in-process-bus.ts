import { systemClock } from '@tierstack/cache-core'
import type { Bus, BusHost, Clock, Removal } from '@tierstack/cache-core'

/** `sync`: before `publish` returns. `manual`: when the test calls `deliver`. A number: that many ms later. */
export type Delivery = 'sync' | 'manual' | number

export type BusMessage =
  | { readonly kind: 'removal'; readonly removal: Removal }
  | { readonly kind: 'filled'; readonly key: string }

export interface InProcessBusOptions {
  /** @default systemClock */
  readonly clock?: Clock
  /** @default 'sync' */
  readonly delivery?: Delivery
  /**
   * How long (ms) a node may rely on what it holds without hearing from the bus; a fifth of it between heartbeats.
   * `Infinity`: no heartbeat at all, and a cut is only noticed when it heals.
   * @default Infinity
   */
  readonly silence?: number
}

/** A channel between the caches of one process, each of which plays a process of its own: a node. */
export interface InProcessBus {
  /** May be changed at any time; what is on its way keeps its order. */
  delivery: Delivery
  /** A bus for one cache. */
  connect(node: string): Bus
  /** Sends to every node but `from`. */
  send(namespace: string, from: string | undefined, message: BusMessage): void
  /** Delivers everything that is on its way, to one node or to all. */
  deliver(node?: string): void
  /** Messages on their way. */
  readonly pending: number
  /** From now on the node neither gets messages nor heartbeats, and doesn't notice. What is on its way is lost. */
  cut(node: string): void
  /** Reconnects the node, which is told that it may have missed something. */
  heal(node: string): void
}

interface Sent {
  readonly at: number
  readonly message: BusMessage
}

/** One node's end of the channel. */
class Subscription implements Bus {
  readonly node: string
  readonly #hub: Hub
  readonly #queue: Sent[] = []
  #host: BusHost | undefined
  #beat: (() => void) | undefined

  constructor(hub: Hub, node: string) {
    this.#hub = hub
    this.node = node
  }

  get pending(): number {
    return this.#queue.length
  }

  open(host: BusHost): void {
    this.#host = host
    this.#hub.subscriptions.add(this)
    this.vouch()
    if (this.#hub.silence !== Infinity) this.#schedule()
  }

  publish(removal: Removal): Promise<void> {
    if (!this.#host || this.#hub.cutOff.has(this.node)) {
      return Promise.reject(new Error(`The node ${this.node} is cut off from the bus`))
    }
    this.#hub.send(this.#host.namespace, this.node, { kind: 'removal', removal })
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#hub.subscriptions.delete(this)
    this.#beat?.()
    this.#queue.length = 0
    return Promise.resolve()
  }

  accept(namespace: string, message: BusMessage): void {
    if (this.#host?.namespace !== namespace) return
    const sent = { at: this.#hub.clock.now(), message }
    this.#queue.push(sent)
    const { delivery } = this.#hub
    if (delivery === 'sync') this.deliver()
    else if (delivery !== 'manual') this.#hub.clock.after(delivery, () => this.#deliverUntil(sent))
  }

  deliver(): void {
    while (this.#queue.length > 0) this.#deliverNext()
  }

  #deliverUntil(last: Sent): void {
    while (this.#queue.includes(last)) this.#deliverNext()
  }

  #deliverNext(): void {
    const sent = this.#queue.shift()
    if (!sent || !this.#host) return
    if (sent.message.kind === 'filled') this.#host.listener.filled(sent.message.key)
    else this.#host.listener.removed(sent.message.removal)
  }

  /** Whatever was sent before the oldest undelivered message has arrived: so much is certain. */
  vouch(): void {
    if (this.#hub.cutOff.has(this.node)) return
    const certain = this.#queue[0]?.at ?? this.#hub.clock.now()
    this.#host?.listener.live(certain + this.#hub.silence)
  }

  lose(): void {
    this.#queue.length = 0
  }

  reconnect(): void {
    this.#host?.listener.gap()
    this.vouch()
  }

  #schedule(): void {
    this.#beat = this.#hub.clock.after(this.#hub.silence / 5, () => {
      this.vouch()
      this.#schedule()
    })
  }
}

class Hub implements InProcessBus {
  readonly clock: Clock
  readonly silence: number
  readonly subscriptions = new Set<Subscription>()
  readonly cutOff = new Set<string>()
  delivery: Delivery

  constructor({ clock = systemClock, delivery = 'sync', silence = Infinity }: InProcessBusOptions) {
    this.clock = clock
    this.delivery = delivery
    this.silence = silence
  }

  get pending(): number {
    let sum = 0
    for (const { pending } of this.subscriptions) sum += pending
    return sum
  }

  connect(node: string): Bus {
    return new Subscription(this, node)
  }

  send(namespace: string, from: string | undefined, message: BusMessage): void {
    for (const subscription of this.#of(undefined)) {
      if (subscription.node === from || this.cutOff.has(subscription.node)) continue
      subscription.accept(namespace, message)
    }
  }

  deliver(node?: string): void {
    for (const subscription of this.#of(node)) subscription.deliver()
  }

  cut(node: string): void {
    this.cutOff.add(node)
    for (const subscription of this.#of(node)) subscription.lose()
  }

  heal(node: string): void {
    if (!this.cutOff.delete(node)) return
    for (const subscription of this.#of(node)) subscription.reconnect()
  }

  #of(node: string | undefined): Subscription[] {
    return [...this.subscriptions].filter((subscription) => node === undefined || subscription.node === node)
  }
}

/**
 * A bus between the caches of one process, for tests: it delivers when the test says so, and can be cut.
 *
 * Messages to one node arrive in the order in which they were sent.
 */
export function inProcessBus(options: InProcessBusOptions = {}): InProcessBus {
  return new Hub(options)
}
