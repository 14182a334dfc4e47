import { parseDuration, parseTtl } from './duration.ts'
import type { Duration } from './duration.ts'
import type { Reason } from './events.ts'
import { checkKeys, expectation } from './expectation.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Ttl } from './policy.ts'
import { checkTags } from './tags.ts'
import { tenantOf } from './tenant-name.ts'

const longestEtag = 1_024
const noTags: readonly string[] = []

/** What a loader knows about its run, and how it says more than a value. */
export interface LoadContext<V = unknown> {
  /** Key of the entry being loaded. */
  readonly key: string
  /** Whose entry it is; empty in a cache without tenants. */
  readonly tenant: string
  /** Aborted when nobody waits any more, or at the hard timeout. */
  readonly signal: AbortSignal
  readonly reason: Reason
  /** The entry that this load replaces, where one is known. */
  readonly stale: { readonly value: V; readonly age: number; readonly etag: string | undefined } | undefined
  /** Life of this value, instead of the policy's. */
  readonly ttl: (ttl: Ttl) => void
  /** Windows after the ttl of this value, instead of the policy's: what isn't named stays as it is. */
  readonly windows: (windows: { readonly swr?: Duration; readonly staleIfError?: Duration }) => void
  /** Adds tags to this value. */
  readonly tag: (...tags: string[]) => void
  /** Remembers an etag, given back as `stale.etag` by the next load. */
  readonly etag: (etag: string) => void
  /** The value is returned, but stored nowhere. */
  readonly skip: () => void
  /** The stale value is still current: ends the load and gives it a new life. Throws when there is none. */
  readonly notModified: () => never
  /** Ends the load as if the source had failed. */
  readonly fail: (reason?: unknown) => never
}

/** The loader of one key. Declared as a method, so that its context may be annotated: `(ctx: LoadContext<User>) => …`. */
export type Loader<V> = { load(context: LoadContext): MaybePromise<V> }['load']

/** Thrown by `notModified`, caught by whoever runs the load. */
export class NotModified extends Error {}

/** A load context that collects what the loader says. */
export class LoadRun implements LoadContext {
  readonly key: string
  readonly reason: Reason
  readonly stale: LoadContext['stale']
  skipped = false
  chosenTtl: number | undefined
  chosenWindows: { readonly swr?: number; readonly staleIfError?: number } | undefined
  chosenEtag: string | undefined
  tags: readonly string[] = noTags
  readonly #signal: () => AbortSignal

  constructor(key: string, reason: Reason, stale: LoadContext['stale'], signal: () => AbortSignal) {
    this.key = key
    this.reason = reason
    this.stale = stale
    this.#signal = signal
  }

  get tenant(): string {
    return tenantOf(this.key)
  }

  get signal(): AbortSignal {
    return this.#signal()
  }

  // Functions of their own, so that loaders may take them out of the context; made when asked for, as few loaders are.
  get ttl(): (ttl: Ttl) => void {
    return (ttl) => {
      this.chosenTtl = parseTtl('ttl', ttl)
    }
  }

  get windows(): LoadContext['windows'] {
    return (windows) => {
      checkKeys('windows', windows, ['swr', 'staleIfError'])
      const { swr, staleIfError } = windows
      this.chosenWindows = {
        ...(swr !== undefined && { swr: parseDuration('swr', swr) }),
        ...(staleIfError !== undefined && { staleIfError: parseDuration('staleIfError', staleIfError) }),
      }
    }
  }

  get tag(): (...tags: string[]) => void {
    return (...tags) => void (this.tags = [...this.tags, ...checkTags(tags)])
  }

  get etag(): (etag: string) => void {
    return (etag) => {
      if (typeof etag !== 'string' || etag.length > longestEtag)
        throw expectation('etag', `a text of at most ${longestEtag} characters`, etag)
      this.chosenEtag = etag
    }
  }

  get skip(): () => void {
    return () => {
      this.skipped = true
    }
  }

  get notModified(): () => never {
    return () => {
      if (this.stale === undefined)
        throw new Error('Expected a stale value to keep, `notModified()` was called without one')
      throw new NotModified()
    }
  }

  get fail(): (reason?: unknown) => never {
    return (reason) => {
      throw reason ?? new Error(`the loader of \`${this.key}\` gave up`)
    }
  }
}
