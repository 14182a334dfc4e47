import type { Bus, BusHost, BusListener, Removal } from '@tierstack/cache-core'
import { CacheError } from '@tierstack/cache-core'
import type { ScriptCall } from './call.ts'
import type { Connection, ConnectionWatcher } from './connection.ts'
import type { Heartbeat } from './heartbeat.ts'
import { parseMessage, parsePulse, removalBodies } from './message.ts'
import { spread } from './spread.ts'
import { Subscription } from './subscription.ts'
import { Tracking } from './tracking.ts'
import type { Held } from './tracking.ts'
import type { Node } from './port.ts'

/** What is known of one bucket's channel. */
interface Channel {
  /** Number of the last message; undefined until a heartbeat came through. */
  sequence: number | undefined
  /** The last heartbeat that came through was sent then. */
  provenAt: number
}

export interface RedisBusOptions {
  readonly silence: number
  readonly tracked: boolean
  /** The connection, once the tier is open. */
  readonly connection: () => Connection
  readonly heartbeat: () => Heartbeat
}

/**
 * The bus on Redis' own channels: removals are published by the scripts that remove, so that there is nothing
 * between the two. `live` moves only on the arrival of an own heartbeat with the number of the last message.
 */
export class RedisBus implements Bus {
  readonly #options: RedisBusOptions
  readonly #subscriptions = new Map<Node, Subscription>()
  #listener: BusListener | undefined
  #tracking: Tracking | undefined
  #connection: Connection | undefined
  #watcher: ConnectionWatcher | undefined
  #channels: Channel[] = []
  #bucketOf = new Map<string, number>()
  #pulseOf = new Map<string, number>()
  /** Something was missed: said once, when heartbeats come through again. */
  #missed = true
  /** Messages that were not ours, or broken. */
  ignored = 0

  constructor(options: RedisBusOptions) {
    this.#options = options
  }

  open(host: BusHost): void {
    if (this.#listener)
      throw new CacheError(
        'INVALID_CHAIN',
        'Expected the bus of this Redis tier to serve one cache, it serves one already: make a tier for each',
      )
    this.#listener = host.listener
    const connection = this.#options.connection()
    const { layout, origin } = connection
    this.#connection = connection
    for (let bucket = 0; bucket < layout.buckets; bucket++) {
      this.#bucketOf.set(layout.channel(bucket), bucket)
      this.#pulseOf.set(layout.pulse(bucket, origin), bucket)
    }
    this.#channels = Array.from({ length: layout.buckets }, unproven)
    if (this.#options.tracked) {
      this.#tracking = new Tracking(connection, {
        changed: (keys) => this.#listener?.removed({ kind: 'keys', keys, soft: false }),
        flushed: () => this.#listener?.removed({ kind: 'all' }),
      })
    }
    this.#options.heartbeat().onAnswer(() => this.#checkSilence())
    this.#watcher = {
      greeted: () => {
        this.#subscribe()
        void this.#tracking?.begin()
      },
      lost: () => {
        // The server forgets who read what as soon as the connection ends.
        if (this.#tracking) this.#gap()
      },
      rotated: () => this.#listener?.removed({ kind: 'all' }),
    }
    connection.watch(this.#watcher)
  }

  async publish(removal: Removal): Promise<void> {
    const connection = this.#connection ?? this.#options.connection()
    const { layout, origin } = connection
    const call = (bucket: number, part: Removal): ScriptCall => ({
      bucket,
      script: 'publish',
      keys: [layout.sequence(bucket)],
      args: [layout.channel(bucket), ...removalBodies(origin, part)],
    })
    if (removal.kind === 'all') {
      await connection.remove(() => [call(0, removal)])
      return
    }
    const { kind, soft } = removal
    const parts = spread(layout, kind === 'keys' ? removal.keys : removal.tags, (name) => name)
    await connection.remove(() =>
      parts.map(({ bucket, items }) =>
        call(bucket, kind === 'keys' ? { kind, keys: items, soft } : { kind, tags: items, soft }),
      ),
    )
  }

  /** What this process holds from now on, for reports of whatever changes it. */
  held(values: readonly Held[]): void {
    void this.#tracking?.watch(values)
  }

  close(): Promise<void> {
    if (this.#watcher) this.#connection?.unwatch(this.#watcher)
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#subscriptions.clear()
    this.#listener = undefined
    return Promise.resolve()
  }

  /** One subscription per node, for the buckets that it has. */
  #subscribe(): void {
    const connection = this.#connection as Connection
    const { layout, origin, port } = connection
    const wanted = new Map<Node, string[][]>()
    for (let bucket = 0; bucket < layout.buckets; bucket++) {
      const node = connection.nodeOf(bucket)
      if (node === undefined) continue
      const groups = wanted.get(node) ?? []
      groups.push([layout.channel(bucket), layout.pulse(bucket, origin)])
      wanted.set(node, groups)
    }
    for (const [node, subscription] of this.#subscriptions) {
      if (subscription.covers(wanted.get(node))) {
        wanted.delete(node)
        subscription.expect()
      } else {
        subscription.close()
        this.#subscriptions.delete(node)
        this.#gap()
      }
    }
    for (const [node, groups] of wanted) {
      const subscription = new Subscription(port, node, groups, connection.host.clock, {
        subscribed: () => this.#options.heartbeat().beat(),
        message: (channel, message) => this.#message(channel, message),
        tracked: this.#tracking !== undefined,
        reports: async (id) => this.#tracking?.redirect(id),
        changed: (names) => this.#tracking?.report(names),
        lost: () => {
          void this.#tracking?.redirect(undefined)
          this.#gap()
        },
      })
      this.#subscriptions.set(node, subscription)
    }
  }

  #checkSilence(): void {
    for (const subscription of this.#subscriptions.values()) subscription.check(2 * this.#options.silence)
  }

  #message(channel: string, bytes: Uint8Array): void {
    const pulse = this.#pulseOf.get(channel)
    if (pulse !== undefined) {
      this.#pulse(pulse, bytes)
      return
    }
    const bucket = this.#bucketOf.get(channel)
    const message = bucket === undefined ? undefined : parseMessage(bytes)
    if (bucket === undefined || message === undefined) {
      this.ignored++
      return
    }
    const listener = this.#listener
    if (message.kind === 'filled') {
      for (const key of message.keys) listener?.filled(key)
      return
    }
    this.#count(bucket, message.sequence, 1)
    // The cache did its own removals before it sent them.
    if (message.origin === this.#connection?.origin) return
    if (message.kind === 'removal') {
      listener?.removed(message.removal, message.trace)
      return
    }
    // What it replaces is removed by `rotated`, unless the data connection was told first.
    this.#connection?.adopt(message.epoch)
  }

  #pulse(bucket: number, bytes: Uint8Array): void {
    const pulse = parsePulse(bytes)
    if (pulse === undefined) {
      this.ignored++
      return
    }
    const sentAt = this.#options.heartbeat().sentAt(pulse.beat)
    const channel = this.#channels[bucket] as Channel
    // A heartbeat of before a loss, or a forged one.
    if (sentAt === undefined || sentAt <= channel.provenAt) return
    // Nor does one prove anything from when changes weren't reported.
    if (this.#tracking && sentAt < this.#tracking.since) return
    this.#count(bucket, pulse.sequence, 0)
    channel.sequence = pulse.sequence
    channel.provenAt = sentAt
    let provenAt = sentAt
    for (const one of this.#channels) provenAt = Math.min(provenAt, one.provenAt)
    if (provenAt === Number.NEGATIVE_INFINITY) return
    if (this.#missed) {
      // Before `live`: what was stored while nobody listened must not come to life again.
      this.#missed = false
      this.#listener?.gap()
    }
    const now = this.#connection?.host.clock.now() ?? provenAt
    this.#listener?.live(provenAt + this.#options.silence, now - sentAt)
  }

  /** Checks that a message is `step` after the last one. */
  #count(bucket: number, sequence: number, step: number): void {
    const channel = this.#channels[bucket] as Channel
    if (channel.sequence === undefined) return
    const expected = channel.sequence + step
    channel.sequence = sequence
    if (sequence !== expected) this.#listener?.gap()
  }

  /** Messages may be missing from here on, until heartbeats come through again. */
  #gap(): void {
    this.#channels = this.#channels.map(unproven)
    const first = !this.#missed
    this.#missed = true
    if (!first) return
    this.#listener?.gap()
    this.#listener?.live(this.#connection?.host.clock.now() ?? 0)
  }
}

function unproven(): Channel {
  return { sequence: undefined, provenAt: Number.NEGATIVE_INFINITY }
}
