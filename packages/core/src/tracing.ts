import type { Reason } from './events.ts'

/*
 * Where a tracer sits. Core knows nothing of spans: it tells what begins and what ends, runs work inside what the
 * tracer opened, and carries one line of text (a W3C `traceparent`) to other processes: in the frame that a load
 * made, and in the announcement of a removal. Local hits are never told.
 */

/** Work that a tracer follows. */
export interface TracedWork {
  /** Runs work as a part of this: what it asks of a database belongs below. */
  within<T>(work: () => T): T
  fail(error: unknown): void
}

/** A read that no local tier could answer. */
export interface TracedRead extends TracedWork {
  /** A tier was asked. */
  tier(name: string, outcome: string, ms: number): void
  /** It waited for another process' load. */
  waited(ms: number): void
  /** It shares the load of another read of this process. */
  joined(other: TracedRead): void
  /** Its value was made by a load of some process; `trace` is what that load's `carrier` was. */
  madeBy(trace: string): void
  end(state: 'fresh' | 'stale' | 'loaded' | 'nothing', tier: string | undefined): void
}

/** One run of a loader. */
export interface TracedLoad extends TracedWork {
  /** Goes into the frame, so that readers elsewhere know which load made their value. */
  readonly carrier: string | undefined
  end(): void
}

/** A removal that was asked for here, until every tier has answered. */
export interface TracedRemoval extends TracedWork {
  end(receipt: RemovalOutcome): void
}

/** What became of a removal: part of its receipt. */
export interface RemovalOutcome {
  readonly confirmed: readonly string[]
  readonly queued: readonly string[]
  readonly bus: string
}

/** What is removed; never which names. */
export interface RemovalTold {
  readonly kind: 'keys' | 'tags' | 'all'
  /** How many names. */
  readonly names: number
  readonly soft: boolean
}

/**
 * Follows what a cache does beyond its local tiers. Where a method answers undefined, the cache does that work without
 * it. Calls are synchronous and should be quick.
 */
export interface Tracer {
  read(read: { readonly def: string | undefined; readonly key: () => string }): TracedRead | undefined
  /** `read` is undefined for loads in the background that no reader waits for. */
  load(
    load: { readonly def: string | undefined; readonly reason: Reason; readonly key: () => string },
    read: TracedRead | undefined,
  ): TracedLoad | undefined
  removal(removal: RemovalTold): TracedRemoval | undefined
  /** A removal by another process was heard; `trace` is what `current` answered there. */
  heard(removal: RemovalTold, trace: string | undefined): void
  /** The work under way, as one line of text for other processes. */
  current(): string | undefined
}

/** Holds the tracer, if there is one: who would tell it something tests `tracer` first. */
export class Tracing {
  tracer: Tracer | undefined
}

/** Runs work inside what traces it, and tells how it ended. */
export async function within<R>(
  traced: (TracedWork & { end(result: R): void }) | undefined,
  work: () => Promise<R>,
): Promise<R> {
  if (traced === undefined) return await work()
  try {
    const result = await traced.within(work)
    traced.end(result)
    return result
  } catch (error) {
    traced.fail(error)
    throw error
  }
}
