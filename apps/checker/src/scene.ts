import type { SeededRandom } from '@tierstack/cache-testing'
import type { WorkerProcess } from './fleet.ts'
import type { Servers } from './servers.ts'

/** What a plan may touch while the load runs. */
export interface Scene {
  readonly servers: Servers
  readonly random: SeededRandom
  readonly namespace: string
  /** How long a fault lasts, ms. */
  readonly faultMs: number
  /** The processes as they are; a killed one is replaced. */
  readonly workers: () => readonly WorkerProcess[]
  /** Kills a process without warning and starts it again. */
  readonly replace: (position: number) => Promise<void>
}
