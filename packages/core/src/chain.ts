import type { Wave } from './asking.ts'
import type { Background } from './background.ts'
import type { Bulkhead } from './bulkhead.ts'
import type { Clock } from './clock.ts'
import type { EdgeLink } from './edge-link.ts'
import type { Events } from './events.ts'
import type { Failures } from './failures.ts'
import type { RemovalFence } from './fence.ts'
import type { FillWatch } from './fill-watch.ts'
import type { Flights } from './flights.ts'
import type { Frames } from './frames.ts'
import type { KeyHash } from './key-hash.ts'
import type { Liveness } from './liveness.ts'
import type { Locals } from './locals.ts'
import type { Outbox } from './outbox.ts'
import type { RemoteLink } from './remote-link.ts'
import type { ChainCounters } from './stats.ts'
import type { TagBook } from './tag-book.ts'
import type { Tracing } from './tracing.ts'

/**
 * The parts of one cache, assembled once by `createCache`. Reading, storing and removing work on them; none of the
 * parts knows the others' business.
 */
export interface Chain {
  readonly namespace: string
  /** Names of all tiers, near → far. */
  readonly names: readonly string[]
  readonly locals: Locals
  /** Near → far. Their positions go on after the local tiers. */
  readonly links: readonly RemoteLink[]
  readonly edges: readonly EdgeLink[]
  /** Buses given beside those of the tiers; removals are published there after the remote tiers confirmed. */
  readonly buses: readonly Outbox[]
  readonly fence: RemovalFence
  readonly tags: TagBook
  readonly live: Liveness
  readonly flights: Flights
  /** Reads of the nearest remote tier, gathered by turn of the event loop: of those who load what is missing, and of the others. */
  readonly waves: { readonly loading: Wave; readonly getting: Wave }
  readonly failures: Failures
  readonly fills: FillWatch
  readonly frames: Frames
  /** Stands for what identifies in all names that leave the process. */
  readonly keyHash: KeyHash | undefined
  readonly bulkhead: Bulkhead
  readonly background: Background
  readonly events: Events
  readonly counters: ChainCounters
  readonly tracing: Tracing
  readonly clock: Clock
  readonly random: () => number
  readonly suspectTtl: number
  readonly replicaLag: number
}
