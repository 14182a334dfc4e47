import type { Fetch } from './engine/fetch.ts'

/** Where a fact about a vendor was read. */
export interface Source {
  readonly fact: string
  readonly url: string
  /** Day of the reading, YYYY-MM-DD. */
  readonly read: string
}

/** How an edge takes the tags of a response. */
export interface TagRules {
  /** Name of the response header. */
  readonly header: string
  readonly separator: ' ' | ','
  /** Most tags of one response. */
  readonly maxTags: number
  /** Most bytes of the header's value. One line: web-standard headers join those of one name. */
  readonly maxBytes: number
}

/** One limit of how fast a vendor takes purges: a bucket of `burst` tokens that refills. */
export interface Bucket {
  /** What costs a token: a call, or each thing purged. */
  readonly of: 'call' | 'item'
  readonly burst: number
  readonly perSecond: number
}

/** What a vendor documents of its interface. The tests' servers enforce exactly this. */
export interface ProviderContract {
  /** Undefined: the edge knows no tags, and is purged by URL. */
  readonly tags: TagRules | undefined
  /** Most tags, or URLs, of one call. */
  readonly perCall: number
  /** Most bytes of a call's body; `Infinity` when none is known. */
  readonly maxBodyBytes: number
  readonly buckets: readonly Bucket[]
  /** Whether a purge can leave content to be served while it is fetched anew. */
  readonly soft: boolean
  /** How long after its answer a purge has taken effect everywhere, ms. */
  readonly settle: number
  /** Calls under way at once. */
  readonly parallel: number
  /** Which header carries the edge's life. */
  readonly dialect: 'targeted' | 'surrogate' | 's-maxage' | 'x-accel'
  /** Request headers by which variants are told apart; a response that varies by another isn't kept at the edge. */
  readonly vary: readonly string[]
  readonly sources: readonly Source[]
}

/** What one call is to purge. */
export interface PurgeBatch {
  readonly kind: 'tags' | 'urls'
  readonly names: readonly string[]
  readonly soft: boolean
}

/** An HTTP request as data: what a dry run shows. Secrets are in `headers` only. */
export interface PurgeRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface PurgeAnswer {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: string
}

/**
 * What became of a call. `after`: too many, wait. `backoff`: try again later. `split`: too much at once.
 * `refused`: something in it is wrong, and stays wrong. `forbidden`: the credentials are.
 */
export type PurgeVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly why: 'after' | 'backoff' | 'split' | 'refused' | 'forbidden'
      readonly afterMs?: number
      readonly error: string
    }

/** An edge's interface: requests and how answers are read. Keeps no state; the engine batches, waits and repeats. */
export interface Provider<N extends string = string> {
  readonly name: N
  readonly contract: ProviderContract
  /** The requests that purge the batch: one, or one per node. All have to succeed; repeating them does no harm. */
  requests(batch: PurgeBatch, at: Date): readonly PurgeRequest[] | Promise<readonly PurgeRequest[]>
  verdict(answer: PurgeAnswer): PurgeVerdict
  /** How calls are made when `cdn` isn't told. @default the global `fetch` */
  readonly fetch?: Fetch
}
