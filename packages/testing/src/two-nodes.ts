import type { RemoteTier } from '@tierstack/cache-core'
import { fakeClock } from './fake-clock.ts'
import type { FakeClock } from './fake-clock.ts'
import { inProcessBus } from './in-process-bus.ts'
import type { InProcessBus } from './in-process-bus.ts'
import { processStore } from './process-store.ts'
import type { ProcessStore } from './process-store.ts'

/** What one cache is built on. */
export interface TestNode {
  /** `a` or `b`: its name at the store and on the bus. */
  readonly name: 'a' | 'b'
  readonly tier: RemoteTier<'store'>
  readonly clock: FakeClock
}

export interface TwoNodesOptions {
  /** @default fakeClock() */
  readonly clock?: FakeClock
  /** How long (ms) a node relies on what it holds without hearing from the bus. @default 500 */
  readonly silence?: number
}

/** Two caches that play two processes, the store that they share, and the faults between them. */
export interface TwoNodes<C> extends AsyncDisposable {
  readonly a: C
  readonly b: C
  readonly clock: FakeClock
  readonly store: ProcessStore
  readonly bus: InProcessBus
  close(): Promise<void>
}

/**
 * Builds two caches on one store, with a bus that can be cut and a clock that stands still.
 *
 * `create` is called for `a`, then for `b`, and adds what it wants in front of the given tier.
 * @example
 * await using nodes = await twoNodes(({ tier, clock }) =>
 *   createCache({ namespace: 'test', tiers: [memory(), tier], clock }))
 * nodes.bus.cut('b')
 */
export async function twoNodes<C extends { close(): Promise<unknown> }>(
  create: (node: TestNode) => C | Promise<C>,
  { clock = fakeClock(), silence = 500 }: TwoNodesOptions = {},
): Promise<TwoNodes<C>> {
  const bus = inProcessBus({ clock, silence })
  const store = processStore({ clock, bus })
  const node = (name: 'a' | 'b') => create({ name, tier: store.tier({ node: name }), clock })
  const a = await node('a')
  const b = await node('b')
  const close = async () => {
    await a.close()
    await b.close()
  }
  return { a, b, clock, store, bus, close, [Symbol.asyncDispose]: close }
}
