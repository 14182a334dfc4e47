import { requiredAcl } from '@tierstack/cache-redis'
import type { Terminal } from '../terminal.ts'

export interface LeastRightsOptions {
  readonly prefix: string
  readonly tracking: boolean | undefined
  readonly cluster: boolean | undefined
  readonly writeQueue: boolean | undefined
}

/** `doctor --acl`: what the user that the cache connects as must be allowed, as a line for an ACL file. */
export function leastRights(options: LeastRightsOptions, terminal: Terminal): void {
  const { prefix, tracking = false, cluster = false, writeQueue = false } = options
  const needed = requiredAcl({ prefix, bus: tracking ? 'tracking' : 'pubsub', cluster, writeQueue })
  terminal.show(needed, () => terminal.line(`user cache on >PASSWORD ${needed.rules}`))
}
