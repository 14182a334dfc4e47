import { CacheError, expectation } from '@tierstack/cache-core'
import type {
  Bulk,
  Bus,
  Codec,
  Coherence,
  Fence,
  FrameWrite,
  LeaseRead,
  RemoteCapabilities,
  RemoteHost,
  RemoteTier,
  StoredFrame,
  TagState,
  WriteOutcome,
} from '@tierstack/cache-core'
import type { InProcessBus } from './in-process-bus.ts'
import type { StoreSpace } from './store-space.ts'
import { structuredCodec } from './structured-codec.ts'

export interface ProcessTierOptions<N extends string = string> {
  /** @default 'store' */
  readonly name?: N
  /** Which process the tier plays. @default 'node1', 'node2', ... */
  readonly node?: string
  /** @default 'fleet' */
  readonly shared?: RemoteCapabilities['shared']
  /** @default 8 MiB */
  readonly maxValueBytes?: number
  /** @default structuredCodec */
  readonly codec?: Codec
  /** `false` leaves out the protocol: a plain store that reads, writes and deletes. @default true */
  readonly coherence?: boolean
  /** `false` leaves out the filling of many keys under one fence. @default true */
  readonly bulk?: boolean
}

/** One request to the store: one round trip. */
export interface StoreCall {
  readonly node: string
  readonly verb: string
  /** Keys or tags. */
  readonly names: readonly string[]
}

/** What the store tells a connection. */
export interface StoreClient {
  readonly node: string
  /** The connection broke: nothing that is under way may still succeed. */
  lose(error: unknown): void
}

/** What a connection needs from its store. */
export interface StoreConnection {
  readonly bus: InProcessBus
  connect(client: StoreClient): void
  /** Does and records one request. Throws when the node can't reach the store. */
  step<R>(call: StoreCall, namespace: string, action: (space: StoreSpace, history: () => string) => R): R
}

/** One connection to a `processStore`. */
export class ProcessTier<N extends string> implements RemoteTier<N>, StoreClient {
  readonly kind = 'remote'
  readonly name: N
  readonly node: string
  readonly capabilities: RemoteCapabilities
  readonly codec: Codec
  readonly coherence?: Coherence
  readonly bulk?: Bulk
  readonly #store: StoreConnection
  #host: RemoteHost | undefined
  /** Counts losses: an answer that belongs to an earlier connection must not count. */
  #losses = 0
  #usable = false
  #closed = false

  constructor(store: StoreConnection, options: ProcessTierOptions<N> & { readonly node: string }) {
    this.#store = store
    this.name = options.name ?? ('store' as N)
    this.node = options.node
    this.capabilities = Object.freeze({
      shared: options.shared ?? 'fleet',
      maxValueBytes: options.maxValueBytes ?? 8 * 1024 ** 2,
    })
    this.codec = options.codec ?? structuredCodec
    if (options.coherence === false) return
    this.coherence = new ProcessCoherence(this, store)
    if (options.bulk !== false) this.bulk = bulkOf(this)
  }

  open(host: RemoteHost): void {
    if (this.#host)
      throw new CacheError(
        'INVALID_CHAIN',
        `Expected the tier \`${this.name}\` to serve one cache, it serves one already: make a tier for each`,
      )
    this.#host = host
    this.#store.connect(this)
  }

  hello(): Promise<string> {
    return this.#ask('hello', [], (_, history) => {
      this.#usable = true
      return history()
    })
  }

  read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    return this.ask('read', keys, (space) => space.read(keys))
  }

  write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]> {
    const { maxValueBytes } = this.capabilities
    return this.ask('write', keysOf(items), (space) => space.write(this.withLife(items), maxValueBytes))
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.ask('delete', keys, (space) => space.delete(keys))
  }

  clear(): Promise<void> {
    return this.ask('clear', [], (space) => space.clear())
  }

  close(): Promise<void> {
    this.#closed = true
    this.#losses++
    return Promise.resolve()
  }

  lose(error: unknown): void {
    if (this.#closed) return
    this.#losses++
    this.#usable = false
    this.#host?.lost(error)
  }

  /** One round trip: the step happens at once in the store, and its answer comes in a later microtask. */
  ask<R>(verb: string, names: readonly string[], step: (space: StoreSpace) => R): Promise<R> {
    return this.#usable
      ? this.#ask(verb, names, step)
      : Promise.reject(unavailable(this.name, 'was not greeted'))
  }

  async #ask<R>(
    verb: string,
    names: readonly string[],
    action: (space: StoreSpace, history: () => string) => R,
  ): Promise<R> {
    if (!this.#host) throw expectation('tier', 'open before its first use', this.name)
    if (this.#closed) throw unavailable(this.name, 'is closed')
    const losses = this.#losses
    const answer = this.#store.step({ node: this.node, verb, names }, this.#host.namespace, action)
    await Promise.resolve()
    if (losses !== this.#losses) throw unavailable(this.name, 'lost its connection')
    return answer
  }

  /** Frames carry wall-clock instants; the store counts by its own clock. */
  withLife<W extends FrameWrite>(items: readonly W[]): (W & { life: number })[] {
    const wall = this.#host?.clock.wall() ?? 0
    return items.map((item) => ({ ...item, life: item.expiresAt - wall }))
  }
}

class ProcessCoherence implements Coherence {
  readonly bus: Bus
  readonly #tier: ProcessTier<string>

  constructor(tier: ProcessTier<string>, store: StoreConnection) {
    this.#tier = tier
    this.bus = store.bus.connect(tier.node)
  }

  lease(keys: readonly string[], holdMs: number): Promise<{ reads: readonly LeaseRead[]; tagClock: string }> {
    return this.#tier.ask('lease', keys, (space) => space.lease(keys, holdMs))
  }

  claim(
    items: readonly { readonly key: string; readonly stamp: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    return this.#tier.ask('claim', keysOf(items), (space) => space.leases.claim(items, holdMs))
  }

  take(keys: readonly string[], holdMs: number): Promise<readonly (Fence | undefined)[]> {
    return this.#tier.ask('take', keys, (space) => space.take(keys, holdMs))
  }

  fill(items: readonly (FrameWrite & { readonly fence: Fence })[]): Promise<readonly WriteOutcome[]> {
    const { maxValueBytes } = this.#tier.capabilities
    return this.#tier.ask('fill', keysOf(items), (space) =>
      space.leases.fill(this.#tier.withLife(items), maxValueBytes),
    )
  }

  renew(items: readonly { readonly key: string; readonly fence: Fence }[], holdMs: number): Promise<void> {
    return this.#tier.ask('renew', keysOf(items), (space) => space.leases.renew(items, holdMs))
  }

  release(items: readonly { readonly key: string; readonly fence: Fence }[]): Promise<void> {
    return this.#tier.ask('release', keysOf(items), (space) => space.leases.release(items))
  }

  expire(keys: readonly string[]): Promise<void> {
    return this.#tier.ask('expire', keys, (space) => space.expire(keys))
  }

  begin(keys: readonly string[], intent: string, holdMs: number): Promise<void> {
    return this.#tier.ask('begin', keys, (space) => space.begin(keys, intent, holdMs))
  }

  end(keys: readonly string[], intent: string): Promise<void> {
    return this.#tier.ask('end', keys, (space) => space.end(keys, intent))
  }

  conclude(
    items: readonly { readonly key: string; readonly intent: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    return this.#tier.ask('conclude', keysOf(items), (space) => space.conclude(items, holdMs))
  }

  tags(tags: readonly string[]): Promise<readonly (TagState | undefined)[]> {
    return this.#tier.ask('tags', tags, (space) => space.tags(tags))
  }

  stampTags(tags: readonly string[], tagClock: string): Promise<readonly (string | undefined)[]> {
    return this.#tier.ask('stampTags', tags, (space) => space.stampTags(tags, tagClock))
  }

  invalidate(tags: readonly string[], soft: boolean): Promise<void> {
    return this.#tier.ask('invalidate', tags, (space) => space.invalidate(tags, soft))
  }
}

function bulkOf(tier: ProcessTier<string>): Bulk {
  const { maxValueBytes } = tier.capabilities
  return {
    survey: (keys, goodFor) => tier.ask('survey', keys, (space) => space.survey(keys, goodFor)),
    fillAbsent: (items, fence) =>
      tier.ask('fillAbsent', keysOf(items), (space) =>
        space.fillAbsent(tier.withLife(items), fence, maxValueBytes),
      ),
  }
}

function keysOf(items: readonly { readonly key: string }[]): string[] {
  return items.map(({ key }) => key)
}

function unavailable(name: string, what: string): CacheError {
  return new CacheError('TIER_UNAVAILABLE', `The tier \`${name}\` ${what}`)
}
