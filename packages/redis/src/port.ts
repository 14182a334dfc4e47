// The global of this name is a getter, which is asked each time.
import { Buffer } from 'node:buffer'

/** One word of a command. Strings are sent as UTF-8. */
export type Word = string | Uint8Array | number

/** A reply as the server gave it: bulk strings as bytes, an error reply as an `Error` in its place. */
export type Reply = null | number | string | Buffer | Error | readonly Reply[]

/** One connection to one server. */
export interface Node {
  /** `host:port`. */
  readonly address: string
  /**
   * Sends commands in one write, in order; resolves to their replies. Rejects when the connection breaks first;
   * whether the commands ran is then unknown. Never sends anything twice.
   */
  send(commands: readonly (readonly Word[])[]): Promise<readonly Reply[]>
}

/** What a subscription tells its owner. */
export interface SubscriberHost {
  /** Connected, again or for the first time. Nothing may be subscribed that was before. */
  ready(): void
  message(channel: string, message: Uint8Array): void
  /** The connection must be fit for reports of changed keys. */
  readonly tracked: boolean
  /** Names that the server reports as changed, null for all. */
  changed(names: readonly Uint8Array[] | null): void
  /** What was sent since may be lost. */
  lost(): void
}

/** One connection that receives messages. Connects, and connects again, by itself. */
export interface Subscriber {
  /** Prepares a tracked connection for reports; resolves to its id. Before the first `subscribe`. */
  reports(): Promise<number>
  /** Resolves once the server confirmed. */
  subscribe(channels: readonly string[]): Promise<void>
  /** Drops a connection that went silent, and makes a new one. */
  reconnect(): void
  close(): void
}

/** A client of any kind, cut down to what the tier needs. */
export interface Port {
  /** Keys are spread over slots, and messages are sharded. */
  readonly clustered: boolean
  /** How the servers are reached, for the check of the set-up. */
  readonly reach: {
    readonly encrypted: boolean
    /** False when TLS takes any server for the right one. */
    readonly verified: boolean
    readonly authenticated: boolean
    readonly hosts: readonly string[]
  }
  /** Begins to connect. `lost` is called, as soon as it is known, each time a connection breaks. */
  open(lost: (error: unknown) => void): void
  /**
   * Resolves when commands can be sent, in a Cluster by its current topology; rejects when an attempt to connect
   * failed. `slots` are those that matter, each with a key in it.
   */
  ready(slots: ReadonlyMap<number, string>): Promise<void>
  /** The master of a slot. Slots are ignored unless clustered. */
  node(slot: number): Node | undefined
  /** A new connection that subscribes on the same server as `node`. */
  subscriber(node: Node, host: SubscriberHost): Subscriber
  /** Drops connections that went silent, if they are the tier's own. */
  reconnect(): void
  /** Ends what the tier connected; a client that was given stays open. */
  close(): Promise<void>
}

/** The text of a reply, or undefined when it is none. */
export function textOf(reply: Reply | undefined): string | undefined {
  if (typeof reply === 'string') return reply
  if (typeof reply === 'number') return String(reply)
  return Buffer.isBuffer(reply) ? reply.toString() : undefined
}

/** The bytes of a reply, or undefined when it is none. */
export function bytesOf(reply: Reply | undefined): Buffer | undefined {
  if (Buffer.isBuffer(reply)) return reply
  return typeof reply === 'string' ? Buffer.from(reply) : undefined
}

/** One answer of those that a script gave for its keys. */
export function inside(reply: Reply | undefined, at: number): Reply | undefined {
  return Array.isArray(reply) ? (reply as readonly Reply[])[at] : undefined
}
