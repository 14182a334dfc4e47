import { structuredCodec } from '@tierstack/cache-testing'
import type { BusListener, RemoteTier } from '@tierstack/cache-core'
import { redis } from '../src/index.ts'
import type { RedisOptions } from '../src/index.ts'

/**
 * A tier for the contract, which wants no gap on a healthy bus. Ours reports one before its first `live`: what was
 * kept while nobody listened yet must not come to life. The contract sees the bus from the first `live` on.
 */
export function contractTier(options: RedisOptions): RemoteTier {
  const tier = redis({ prefix: 'contract', codec: structuredCodec, ...options })
  const { bus } = tier.coherence
  const open = bus.open.bind(bus)
  bus.open = (host) => {
    let begun = false
    const listener: BusListener = {
      removed: (removal) => host.listener.removed(removal),
      filled: (key) => host.listener.filled(key),
      live(until) {
        begun = true
        host.listener.live(until)
      },
      gap() {
        if (begun) host.listener.gap()
      },
    }
    open({ ...host, listener })
  }
  return tier
}
