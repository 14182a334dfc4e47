import { CacheError } from '@tierstack/cache-core'
import type { EdgeHost, EdgeOutcome, EdgePurge, EdgeTier } from '@tierstack/cache-core'
import { PurgeEngine } from './engine/purge-engine.ts'
import type { PurgeStats } from './engine/purge-stats.ts'
import type { PurgeName } from './engine/purge-engine.ts'
import type { DeadLetter } from './engine/purge-queue.ts'
import { resolveOptions } from './options.ts'
import type { CdnOptions, ResolvedOptions } from './options.ts'
import { Planner } from './planner.ts'
import type { HeaderPlan, PlanFacts } from './planner.ts'
import type { PurgeRequest } from './provider.ts'
import { UrlIndex } from './url-index.ts'
import type { Wire, WireTags } from './wire-tags.ts'

/** What others may still hold after a removal: the bound of a silent bus, ms. */
const othersBound = 500
/** Rows of the index of pages. */
const mostRows = 1_000_000

/** A CDN as the last tier of a cache, and the planner of the headers of what goes out to it. */
export interface CdnEdge<N extends string = string> extends EdgeTier<N> {
  /** The headers of a response. `address`: its path and query, which an edge without tags is purged by. */
  plan(facts: PlanFacts, address: string): HeaderPlan
  /** The requests that a removal would make, credentials taken out. Nothing is sent. */
  dryRun(what: EdgePurge): Promise<readonly PurgeRequest[]>
  /** The tag that pages carry for one of yours, to purge it by hand. */
  tagFor(tag: string): string
  /** Names that the vendor refused; everything was purged in their place. */
  deadLetters(): Promise<readonly DeadLetter[]>
  stats(): Readonly<PurgeStats> & { readonly coarsened: number }
}

class Cdn implements CdnEdge {
  readonly kind = 'edge'
  readonly name: string
  readonly #options: ResolvedOptions
  readonly #planner: Planner
  #host: EdgeHost | undefined
  #engine: PurgeEngine | undefined
  #index: UrlIndex | undefined
  #coarsened = 0
  #warned = false

  constructor(given: CdnOptions) {
    this.#options = resolveOptions(given)
    this.name = this.#options.name
    const { provider, maxTtl, negativeTtl, inFlight, hideCacheStatus } = this.#options
    this.#planner = new Planner({
      contract: provider.contract,
      maxTtl,
      negativeTtl,
      inFlight: inFlight === 0 ? Number.POSITIVE_INFINITY : inFlight / 2,
      cap: () => this.#cap(),
      hideCacheStatus,
    })
  }

  get pending(): number {
    return this.#engine?.pending ?? 0
  }

  open(host: EdgeHost): void {
    if (this.#host !== undefined) {
      throw new CacheError(
        'INVALID_CHAIN',
        `Expected the edge \`${this.name}\` to serve one cache, it serves one already: make an edge for each`,
      )
    }
    this.#host = host
    const { provider, queue, inFlight, fetch, random, wait, timeout, maxDelay, maxBackoff, share } =
      this.#options
    const { settle, buckets, tags } = provider.contract
    const window = inFlight === 0 ? 0 : Math.max(settle, inFlight + (host.others ? othersBound : 0))
    if (tags === undefined) this.#index = new UrlIndex(this.#options.index, mostRows, host.clock)
    const index = this.#index
    this.#engine = new PurgeEngine({
      provider,
      lane: queue.lane(`${host.namespace}/${this.name}`),
      durable: queue.durable,
      host,
      fetch,
      random,
      namesOf: (what) => this.#namesOf(what),
      all: this.#wires.all,
      urlsOf: index && ((names) => index.urlsOf(names)),
      window,
      lead: this.#options.lead ?? (host.others ? 10 : 0),
      spacing: this.#options.spacing ?? (buckets.length > 0 ? window : 0),
      wait,
      timeout,
      maxDelay,
      maxBackoff,
      share,
    })
  }

  async announce(what: EdgePurge): Promise<void> {
    await this.#running.announce(what)
  }

  async purge(what: EdgePurge): Promise<EdgeOutcome> {
    return await this.#running.purge(what)
  }

  plan(facts: PlanFacts, address: string): HeaderPlan {
    const plan = this.#planner.plan(facts)
    if (plan.coarsened) this.#noteCoarse(plan)
    if (plan.mode !== 'public' || this.#index === undefined || this.#host === undefined) return plan
    const until = this.#host.clock.wall() + this.#options.maxTtl
    if (plan.tags.length === 0 || this.#index.add(plan.tags, address, until)) return plan
    return this.#planner.plan({ ...facts, ttl: 0 })
  }

  async dryRun(what: EdgePurge): Promise<readonly PurgeRequest[]> {
    const { provider } = this.#options
    const names = this.#namesOf(what).map(({ name }) => name)
    const all = this.#index?.urlsOf(names) ?? names
    const kind = this.#index === undefined ? 'tags' : 'urls'
    const { perCall } = provider.contract
    const requests: PurgeRequest[] = []
    for (let at = 0; at < all.length; at += perCall) {
      const batch = { kind, names: all.slice(at, at + perCall), soft: what.soft === true } as const
      requests.push(...(await provider.requests(batch, new Date(this.#host?.clock.wall() ?? 0))))
    }
    return requests.map((request) => ({ ...request, headers: redacted(request.headers) }))
  }

  tagFor(tag: string): string {
    return this.#wires.tag(tag).name
  }

  async deadLetters(): Promise<readonly DeadLetter[]> {
    return await this.#running.deadLetters()
  }

  stats(): Readonly<PurgeStats> & { readonly coarsened: number } {
    return { ...this.#running.stats, coarsened: this.#coarsened }
  }

  async close(): Promise<void> {
    await this.#engine?.close()
    this.#index?.close()
  }

  get #running(): PurgeEngine {
    if (this.#engine !== undefined) return this.#engine
    throw new CacheError(
      'INVALID_CHAIN',
      `Expected the edge \`${this.name}\` to be a tier of a cache, it is none yet: give it to \`createCache\` first`,
    )
  }

  get #wires(): WireTags {
    return this.#planner.wires(this.#host?.namespace ?? '')
  }

  /** A removal's names: its own, and those of pages that had too many to carry it. */
  #namesOf(what: EdgePurge): readonly PurgeName[] {
    const wires = this.#wires
    if (what.all) return [{ name: wires.all, group: undefined }]
    const names = new Map<string, PurgeName>()
    const add = ({ name, group, overflow }: Wire) => {
      names.set(name, { name, group })
      if (!names.has(overflow)) names.set(overflow, { name: overflow, group: undefined })
    }
    for (const key of what.keys ?? []) add(wires.key(key))
    for (const tag of what.tags ?? []) add(wires.tag(tag))
    if (names.size > 0) names.set(wires.overflowAll, { name: wires.overflowAll, group: undefined })
    return [...names.values()]
  }

  /** Longest life of new responses: short while purges don't get through, so that a lost one is soon outlived. */
  #cap(): number {
    const since = this.#engine?.lagSince
    if (since === undefined || this.#host === undefined) return Number.POSITIVE_INFINITY
    const { lagBudget, degradedTtl } = this.#options
    return this.#host.clock.now() - since > lagBudget ? degradedTtl : Number.POSITIVE_INFINITY
  }

  #noteCoarse({ tags }: HeaderPlan): void {
    this.#coarsened++
    if (this.#warned) return
    this.#warned = true
    this.#host?.warn({
      check: 'too-many-tags',
      found: `A response was made of more entries than ${this.#options.provider.name} takes tags; it carries ${tags.length} coarser ones.`,
      fix: 'Cache the page as an entry of its own with fewer tags, or live with purges of it that are not needed.',
    })
  }
}

const open = new Set(['content-type', 'accept', 'fastly-soft-purge', 'xkey-purge', 'x-amz-date'])

function redacted(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, open.has(name) ? value : '[secret]']),
  )
}

/**
 * A CDN as the last tier of a cache: its pages are purged when what they were made of is removed, after every other
 * tier, and once more when what was under way then has arrived. One edge serves one cache.
 * @example
 * const edge = cdn({ provider: fastly(), queue: sqliteQueue({ path: 'purges.db' }) })
 * const cache = createCache({ namespace: 'shop', tiers: [memory(), redis({ url }), edge] })
 */
export function cdn<const N extends string>(options: CdnOptions & { readonly name: N }): CdnEdge<N>
export function cdn<const N extends string>(
  options: CdnOptions<N> & { readonly name?: undefined },
): CdnEdge<N>
export function cdn(options: CdnOptions): CdnEdge
export function cdn(options: CdnOptions): CdnEdge {
  return new Cdn(options)
}
