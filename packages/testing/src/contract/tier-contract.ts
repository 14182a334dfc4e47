import { busContract } from './announcements.ts'
import { bulkContract } from './bulk.ts'
import { claimContract } from './claims.ts'
import { frameContract } from './frames.ts'
import { intentContract } from './intents.ts'
import { leaseContract } from './leases.ts'
import { checks, settle } from './rig.ts'
import type { MakeTier, TierContractOptions } from './rig.ts'
import { scheduleContract } from './schedule.ts'
import { tagContract } from './tags.ts'

/**
 * Registers the tests that every remote tier must pass, those of the coherence protocol included unless
 * `coherence: false`.
 *
 * `make` is called once per connection and may return the same store again and again: every test uses a random
 * namespace of its own. Nothing outside of it is touched.
 * @example
 * tierContract(() => redis({ url }), { test })
 */
export function tierContract(make: MakeTier, options: TierContractOptions): void {
  const settled = settle(make, options)
  const check = checks(settled)
  frameContract(check, settled)
  if (!settled.coherence) return
  leaseContract(check)
  claimContract(check)
  intentContract(check)
  tagContract(check)
  busContract(check)
  bulkContract(check)
  scheduleContract(check, settled)
}
