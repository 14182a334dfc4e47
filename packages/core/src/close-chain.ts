import type { Chain } from './chain.ts'
import type { ResolvedOptions } from './options.ts'

/** How long work that was begun may take to end, ms. */
export const drainMs = 5_000

/** Lets work in the background end, then closes every tier, bus and queue, within twice `drainMs`. */
export async function closeChain(chain: Chain, options: ResolvedOptions): Promise<void> {
  await chain.background.drain(drainMs)
  for (const outbox of chain.buses) outbox.close()
  const closing = Promise.allSettled([
    ...chain.links.map(async (link) => {
      await link.coherence?.bus.close()
      await link.close()
    }),
    ...chain.edges.map((edge) => edge.close()),
    options.bus?.close(),
    options.writeQueue?.close(),
  ])
  // A tier that hangs doesn't keep the process from ending.
  let cancel = () => {}
  const late = new Promise<void>((resolve) => {
    cancel = chain.clock.after(drainMs, resolve)
  })
  await Promise.race([closing, late])
  cancel()
  chain.locals.clear()
}
