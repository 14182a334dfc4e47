import type { Clock } from './clock.ts'
import type { SetupFinding } from './setup-finding.ts'

/** A place in the chain that we can't read: a CDN. Takes purges. */
export interface EdgeTier<N extends string = string> {
  readonly kind: 'edge'
  readonly name: N
  /** Called once, before any other verb. Must not block and not throw for an unreachable edge. */
  open(host: EdgeHost): void
  /**
   * Called before anybody is told of a removal, and before a `write()` commits. An edge with a durable queue writes it
   * down, and purges even when `purge` never follows, because this process has died in between. Others do nothing.
   */
  announce(what: EdgePurge): Promise<void>
  /**
   * Called when the source, the remote tiers and this process' local tiers are done, and the other processes were
   * told. Rejects when the purge was neither taken nor written down: the chain keeps it in memory and tries again.
   */
  purge(what: EdgePurge): Promise<EdgeOutcome>
  /** Purges that the tier still has to do. */
  readonly pending: number
  close(): Promise<void>
}

/** What an edge gets from the cache that it serves. */
export interface EdgeHost {
  readonly namespace: string
  readonly clock: Clock
  /** Whether removals reach other processes by a bus: they may drop their copies a little later than we do. */
  readonly others: boolean
  /** To be called when purges stop getting through, and when they do again. Repeated calls are one `degraded` event. */
  degraded(why: 'timeout' | 'error', error: unknown): void
  recovered(): void
  /** A finding that an operator should know, reported as a `warning` event. */
  warn(finding: SetupFinding): void
}

/** What an edge is told to drop. */
export interface EdgePurge {
  readonly keys?: readonly string[]
  readonly tags?: readonly string[]
  readonly all?: true
  readonly soft?: boolean
}

/**
 * `purged`: the edge has taken it. `durable`: it stands in a queue that survives this process, and reaches the edge
 * from there. `queued`: the tier keeps it in memory, and goes on trying.
 */
export type EdgeOutcome = 'purged' | 'durable' | 'queued'
