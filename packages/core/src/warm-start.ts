import type { Chain } from './chain.ts'
import { patienceMs } from './warm-item.ts'

/**
 * Resolves once the buses vouch that no removal is missed. What is stored near before that is suspect as soon as they
 * begin to: a warming right after the process started would leave nothing in memory. Where they don't within
 * `patienceMs` (their server is down), or when the signal aborts, it resolves all the same.
 */
export function vouched(chain: Chain, signal: AbortSignal | undefined): Promise<void> {
  const { clock, live, locals } = chain
  const alive = () => clock.now() < live.until
  if (locals.tiers.length === 0 || alive() || signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const go = () => {
      cancel()
      unwatch()
      signal?.removeEventListener('abort', go)
      resolve()
    }
    const cancel = clock.after(patienceMs, go)
    const unwatch = live.watch(() => {
      if (alive()) go()
    })
    signal?.addEventListener('abort', go)
  })
}
