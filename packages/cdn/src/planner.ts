import type { EntryRead } from '@tierstack/cache-core'
import { cacheStatus } from './cache-status.ts'
import { publicHeaders, uncachedHeaders } from './dialect.ts'
import { pageTags } from './page-tags.ts'
import { freshnessHeaders, objectionTo } from './privacy.ts'
import type { Exchange } from './privacy.ts'
import type { ProviderContract } from './provider.ts'
import { WireTags } from './wire-tags.ts'

/** What is known of a response when its headers are written. */
export interface PlanFacts extends Exchange {
  /** What was read to make it. */
  readonly reads: readonly EntryRead[]
  /** Time since the first of it was read, ms. */
  readonly took: number
  /** The route looks at no credentials: what it answers is for anybody. */
  readonly anybody?: boolean
  /** Life of a response for which nothing was read, or a cap for one: ms. */
  readonly ttl?: number
  /** ms. */
  readonly browserTtl?: number
}

export interface HeaderPlan {
  /** To be set in this order; a name may come more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** To be taken off before that: whatever else could tell some cache to keep the response. */
  readonly remove: readonly string[]
  readonly mode: 'public' | 'private' | 'uncached'
  readonly why: string
  readonly tags: readonly string[]
  /** The response had too many tags for the edge, and carries coarser ones. */
  readonly coarsened: boolean
}

export interface PlannerOptions {
  readonly contract: ProviderContract
  /** ms: the longest life at the edge, as the net under a purge that was lost. */
  readonly maxTtl: number
  /** ms: the same for 404 and 410. */
  readonly negativeTtl: number
  /** ms: a response that took longer might reach the edge after its last purge. */
  readonly inFlight: number
  /** ms: the longest life while purges don't get through; `Infinity` while they do. */
  readonly cap: () => number
  readonly hideCacheStatus: boolean
}

const wholeSeconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000))

/** Plans the headers of responses for one kind of edge. Pure but for the memory of names already hashed. */
export class Planner {
  readonly #options: PlannerOptions
  readonly #remove: readonly string[]
  readonly #wires = new Map<string, WireTags>()

  constructor(options: PlannerOptions) {
    this.#options = options
    const { tags } = options.contract
    this.#remove = [...freshnessHeaders, 'age', ...(tags === undefined ? [] : [tags.header.toLowerCase()])]
  }

  /** Names of a namespace as the edge knows them. */
  wires = (namespace: string): WireTags => {
    const known = this.#wires.get(namespace)
    if (known !== undefined) return known
    const made = new WireTags(namespace)
    this.#wires.set(namespace, made)
    return made
  }

  plan(facts: PlanFacts): HeaderPlan {
    const { contract } = this.#options
    const objection = objectionTo(facts, facts.anybody === true, contract.vary)
    if (objection !== undefined) return this.#uncached(objection.mode, objection.why, facts)
    const { reads } = facts
    if (reads.length === 0 && facts.ttl === undefined) {
      return this.#uncached('uncached', 'nothing was read from a cache', facts)
    }
    if (facts.took > this.#options.inFlight) return this.#uncached('uncached', 'took too long', facts)
    const ttl = wholeSeconds(this.#life(facts))
    if (ttl === 0) return this.#uncached('uncached', 'no life remains', facts)
    // The last look: what was removed while the response was made is old, whoever reads it.
    for (const read of reads)
      if (!read.current()) return this.#uncached('uncached', 'removed meanwhile', facts)
    return this.#public(facts, ttl)
  }

  #life({ reads, took, ttl: own, status }: PlanFacts): number {
    let life = Math.min(this.#options.maxTtl, this.#options.cap(), own ?? Number.POSITIVE_INFINITY)
    if (status === 404 || status === 410) life = Math.min(life, this.#options.negativeTtl)
    for (const { ttl } of reads) life = Math.min(life, ttl - took)
    return life
  }

  #public(facts: PlanFacts, ttl: number): HeaderPlan {
    const { contract, cap, hideCacheStatus } = this.#options
    const { reads } = facts
    let swr = reads.length === 0 ? 0 : Number.POSITIVE_INFINITY
    let staleIfError = swr
    for (const read of reads) {
      swr = Math.min(swr, read.swr)
      staleIfError = Math.min(staleIfError, read.staleIfError)
    }
    // While purges don't get through, nothing is served past its life either.
    const sound = cap() === Number.POSITIVE_INFINITY
    const headers: (readonly [string, string])[] = publicHeaders(contract.dialect, {
      ttl,
      swr: sound ? wholeSeconds(swr) : 0,
      staleIfError: sound ? wholeSeconds(staleIfError) : 0,
      browser: Math.min(ttl, wholeSeconds(facts.browserTtl ?? 0)),
    })
    let names: readonly string[] = []
    let coarsened = false
    if (reads.length > 0) {
      const rules = contract.tags ?? unlimited
      ;({ names, coarsened } = pageTags(this.wires, reads, rules))
      if (contract.tags !== undefined) {
        headers.push([contract.tags.header, names.join(contract.tags.separator)])
      }
    }
    if (!hideCacheStatus) headers.push(['cache-status', cacheStatus(reads, ttl)])
    return {
      headers,
      remove: this.#remove,
      mode: 'public',
      why: 'made of what may be kept',
      tags: names,
      coarsened,
    }
  }

  #uncached(mode: 'private' | 'uncached', why: string, { reads }: PlanFacts): HeaderPlan {
    const { contract, hideCacheStatus } = this.#options
    const headers = uncachedHeaders(mode, contract.dialect)
    if (!hideCacheStatus) headers.push(['cache-status', cacheStatus(reads, 0)])
    return { headers, remove: this.#remove, mode, why, tags: [], coarsened: false }
  }
}

/** For an edge without tags: ours are kept beside it, by URL. */
const unlimited = {
  header: '',
  separator: ' ',
  maxTags: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
} as const
