import { CacheError, systemClock } from '@tierstack/cache-core'
import type { Clock, RemoteTier } from '@tierstack/cache-core'
import { inProcessBus } from './in-process-bus.ts'
import type { InProcessBus } from './in-process-bus.ts'
import { ProcessTier } from './process-tier.ts'
import type { ProcessTierOptions, StoreCall, StoreClient, StoreConnection } from './process-tier.ts'
import { StoreSpace } from './store-space.ts'

/** State of a store at one instant. */
export interface StoreSnapshot {
  readonly spaces: ReadonlyMap<string, StoreSpace>
}

export interface ProcessStoreOptions {
  /** The store's own clock, by which frames, leases and intents run out. @default systemClock */
  readonly clock?: Clock
  /** @default inProcessBus({ clock }) */
  readonly bus?: InProcessBus
}

/**
 * A store in this process with the whole coherence protocol, and faults on demand. The reference for tiers.
 *
 * Each tier is one connection and plays a process of its own, called a node.
 */
export interface ProcessStore {
  /** A new connection. Its node is called `node1`, `node2`... unless named. */
  tier(): RemoteTier<'store'>
  tier<const N extends string = 'store'>(options: ProcessTierOptions<N>): RemoteTier<N>
  readonly bus: InProcessBus
  /** Every request so far, in order; a test may empty it. */
  readonly calls: StoreCall[]
  /** The requests as text, such as `node1 lease user:1`; of one node without its name. */
  transcript(node?: string): string[]
  /** Breaks the connection of one node or of all: it rejects everything until `up`. The bus is a link of its own. */
  down(node?: string): void
  up(node?: string): void
  snapshot(): StoreSnapshot
  /** Restarts the store, empty or from a snapshot. Every connection is lost, and may be made again at once. */
  restart(options: { readonly keep: 'nothing' | StoreSnapshot }): void
  /** Forgets a key or a tag in every namespace, whatever it holds. Returns whether there was one. */
  evict(name: string): boolean
}

class Store implements ProcessStore, StoreConnection {
  readonly clock: Clock
  readonly bus: InProcessBus
  readonly calls: StoreCall[] = []
  readonly #connections = new Set<StoreClient>()
  readonly #unreachable = new Set<string>()
  #allDown = false
  #spaces = new Map<string, StoreSpace>()
  /** The run in which each namespace was last greeted. */
  #greeted = new Map<string, number>()
  #run = 1
  #ids = 0
  #nodes = 0
  /** Node on whose behalf the store is working. */
  #caller: string | undefined

  constructor({ clock = systemClock, bus = inProcessBus({ clock }) }: ProcessStoreOptions) {
    this.clock = clock
    this.bus = bus
  }

  tier(): RemoteTier<'store'>
  tier<const N extends string = 'store'>(options: ProcessTierOptions<N>): RemoteTier<N>
  tier(options: ProcessTierOptions = {}): RemoteTier {
    return new ProcessTier(this, { ...options, node: options.node ?? `node${++this.#nodes}` })
  }

  connect(tier: StoreClient): void {
    this.#connections.add(tier)
  }

  step<R>(
    { node, verb, names }: StoreCall,
    namespace: string,
    action: (space: StoreSpace, history: () => string) => R,
  ): R {
    if (this.#allDown || this.#unreachable.has(node)) {
      throw new CacheError('TIER_UNAVAILABLE', `The store can not be reached from ${node}`)
    }
    this.calls.push({ node, verb, names })
    const outer = this.#caller
    this.#caller = node
    try {
      return action(this.#space(namespace), () => this.#history(namespace))
    } finally {
      // A listener may have called us from within a step of another node.
      this.#caller = outer
    }
  }

  transcript(node?: string): string[] {
    return this.calls
      .filter((call) => node === undefined || call.node === node)
      .map(({ node: from, verb, names }) => [...(node === undefined ? [from] : []), verb, ...names].join(' '))
  }

  down(node?: string): void {
    if (node === undefined) this.#allDown = true
    else this.#unreachable.add(node)
    this.#lose(new Error('The connection to the store broke'), node)
  }

  up(node?: string): void {
    if (node !== undefined) this.#unreachable.delete(node)
    else {
      this.#allDown = false
      this.#unreachable.clear()
    }
  }

  snapshot(): StoreSnapshot {
    return { spaces: copyOf(this.#spaces) }
  }

  restart({ keep }: { readonly keep: 'nothing' | StoreSnapshot }): void {
    this.#run++
    this.#spaces = keep === 'nothing' ? new Map() : copyOf(keep.spaces)
    this.#lose(new Error('The store restarted'))
  }

  evict(name: string): boolean {
    return [...this.#spaces.values()].map((space) => space.evict(name)).includes(true)
  }

  #space(namespace: string): StoreSpace {
    let space = this.#spaces.get(namespace)
    if (!space) {
      space = new StoreSpace({
        clock: this.clock,
        id: () => String(++this.#ids).padStart(16, '0'),
        removed: (removal) => this.bus.send(namespace, this.#caller, { kind: 'removal', removal }),
        filled: (key) => this.bus.send(namespace, undefined, { kind: 'filled', key }),
      })
      this.#spaces.set(namespace, space)
    }
    return space
  }

  /** Id of the namespace's history. The first greeting after a restart makes what was there unreachable. */
  #history(namespace: string): string {
    const space = this.#space(namespace)
    if (this.#greeted.get(namespace) !== this.#run) {
      space.rotate()
      this.#greeted.set(namespace, this.#run)
    }
    return `${this.#run}/${space.epoch}`
  }

  #lose(error: Error, node?: string): void {
    for (const tier of this.#connections) if (node === undefined || tier.node === node) tier.lose(error)
  }
}

function copyOf(spaces: ReadonlyMap<string, StoreSpace>): Map<string, StoreSpace> {
  return new Map([...spaces].map(([namespace, space]) => [namespace, space.copy()]))
}

/** A store that tiers of one process share, for tests: the whole protocol, and faults on demand. */
export function processStore(options: ProcessStoreOptions = {}): ProcessStore {
  return new Store(options)
}
