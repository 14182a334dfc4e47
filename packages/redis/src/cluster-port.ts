import type { Node, Port, Subscriber, SubscriberHost } from './port.ts'

/** A client's view of a Cluster. */
export interface ClusterView {
  readonly reach: Port['reach']
  /** Called once, before anything else. */
  open(): void
  /** Learns the current topology; `keys` is a key for each slot that matters. Rejects when it can't. */
  refresh(keys: readonly string[]): Promise<void>
  /** The master of a slot, connected or connecting. */
  masterOf(slot: number): Promise<ClusterNode | undefined>
  close(): Promise<void>
}

/** A node with what a port must do with its client. */
export interface ClusterNode extends Node {
  readonly client: object
  ready(): Promise<void>
  /** Calls back whenever the connection breaks; returns the function that ends that. */
  onLoss(callback: (error: unknown) => void): () => void
  subscriber(host: SubscriberHost): Subscriber
}

interface Hook {
  readonly node: ClusterNode
  readonly unhook: () => void
}

/**
 * A Cluster as its masters, each with a connection of its own. Commands go to the masters directly and are never
 * redirected: a slot that moved is a reason to greet the servers again, which is when the topology is learned anew.
 */
export class ClusterPort implements Port {
  readonly clustered = true
  readonly #view: ClusterView
  #lost: ((error: unknown) => void) | undefined
  #bySlot = new Map<number, ClusterNode>()
  #hooks = new Map<object, Hook>()

  constructor(view: ClusterView) {
    this.#view = view
  }

  get reach(): Port['reach'] {
    return this.#view.reach
  }

  open(lost: (error: unknown) => void): void {
    this.#lost = lost
    this.#view.open()
  }

  async ready(slots: ReadonlyMap<number, string>): Promise<void> {
    await this.#view.refresh([...slots.values()])
    const bySlot = new Map<number, ClusterNode>()
    const hooks = new Map<object, Hook>()
    for (const slot of slots.keys()) {
      const found = await this.#view.masterOf(slot)
      if (found === undefined) throw new Error(`the Redis Cluster has no master for slot ${slot}`)
      const known = hooks.get(found.client) ?? this.#hooks.get(found.client)
      const hook = known ?? { node: found, unhook: found.onLoss((error) => this.#lost?.(error)) }
      hooks.set(found.client, hook)
      bySlot.set(slot, hook.node)
    }
    for (const [client, { unhook }] of this.#hooks) if (!hooks.has(client)) unhook()
    this.#hooks = hooks
    this.#bySlot = bySlot
    await Promise.all([...hooks.values()].map(({ node }) => node.ready()))
  }

  node(slot: number): Node | undefined {
    return this.#bySlot.get(slot)
  }

  subscriber(node: Node, host: SubscriberHost): Subscriber {
    return (node as ClusterNode).subscriber(host)
  }

  reconnect(): void {
    // A node whose connection is dead is found again by its cluster client.
  }

  close(): Promise<void> {
    this.#lost = undefined
    for (const { unhook } of this.#hooks.values()) unhook()
    return this.#view.close()
  }
}
