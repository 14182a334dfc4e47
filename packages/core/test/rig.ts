import { memory } from '@tierstack/cache-memory'
import {
  chaosTier,
  eventTranscript,
  fakeClock,
  inProcessBus,
  processStore,
  twoNodes,
} from '@tierstack/cache-testing'
import type {
  ChaosTier,
  EventTranscript,
  FakeClock,
  InProcessBus,
  ProcessStore,
  ProcessTierOptions,
  TwoNodes,
} from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import type { Cache, CacheOptions, LoadContext, LocalTier, RemoteTier } from '../src/index.ts'

export type Keyed = { readonly [key: string]: unknown }
export type TestCache = Cache<Keyed, 'memory' | 'store'>
export type Overrides = Partial<
  Omit<CacheOptions<readonly [LocalTier<'memory'>, RemoteTier<'store'>]>, 'tiers'>
>

/** Everything that depends on chance or on time of day is switched off; a test switches on what it is about. */
const calm = { namespace: 'test', jitter: false } as const

/** The rows behind a cache. A load reads its row at once and brings it when the test lets it. */
export class Source<V = unknown> {
  readonly rows = new Map<unknown, V>()
  readonly contexts: LoadContext[] = []
  /** Inputs of the loads so far. */
  readonly loads: unknown[] = []
  held = false
  failing: unknown
  readonly #waiting: (() => void)[] = []

  constructor(rows: Iterable<readonly [unknown, V]> = []) {
    for (const [key, row] of rows) this.rows.set(key, row)
  }

  /** Loads under way. */
  get running(): number {
    return this.#waiting.length
  }

  readonly load = async (input: unknown, context?: LoadContext): Promise<V> => {
    this.loads.push(input)
    if (context) this.contexts.push(context)
    const row = this.rows.get(input) as V
    const { failing } = this
    if (this.held) await new Promise<void>((go) => this.#waiting.push(go))
    if (failing !== undefined) throw failing
    return row
  }

  /** From now on loads wait for `release`. */
  hold(): this {
    this.held = true
    return this
  }

  /** Lets the loads that wait go on, the oldest first, or only the first `count`; later ones don't wait any more. */
  release(count = Number.POSITIVE_INFINITY): void {
    if (count === Number.POSITIVE_INFINITY) this.held = false
    for (const go of this.#waiting.splice(0, count)) go()
  }
}

export interface OneNode extends AsyncDisposable {
  readonly cache: TestCache
  readonly clock: FakeClock
  readonly bus: InProcessBus
  readonly store: ProcessStore
  readonly tier: ChaosTier<'store'>
  readonly near: LocalTier<'memory'>
  readonly events: EventTranscript
}

/** Memory in front of a store, with a clock that stands still. */
export function oneNode(options: Overrides = {}, tierOptions: ProcessTierOptions<'store'> = {}): OneNode {
  const clock = fakeClock()
  const bus = inProcessBus({ clock })
  const store = processStore({ clock, bus })
  const tier = chaosTier(store.tier({ node: 'a', ...tierOptions }))
  const near = memory()
  const cache = createCache({ ...calm, clock, ...options, tiers: [near, tier] })
  const events = eventTranscript(cache)
  return {
    cache,
    clock,
    bus,
    store,
    tier,
    near,
    events,
    [Symbol.asyncDispose]: () => finish(clock, cache.close()),
  }
}

export interface MemoryNode extends AsyncDisposable {
  readonly cache: Cache<Keyed, 'memory'>
  readonly clock: FakeClock
  readonly near: LocalTier<'memory'>
  readonly events: EventTranscript
}

/** Memory alone. */
export function memoryNode(
  options: Partial<Omit<CacheOptions<readonly [LocalTier<'memory'>]>, 'tiers'>> = {},
  near: LocalTier<'memory'> = memory(),
): MemoryNode {
  const clock = fakeClock()
  const cache = createCache({ ...calm, clock, ...options, tiers: [near] })
  const events = eventTranscript(cache)
  return { cache, clock, near, events, [Symbol.asyncDispose]: () => finish(clock, cache.close()) }
}

/** Two processes with memory of their own in front of one store. */
export function pair(
  options: Overrides = {},
  { bulk = true }: { readonly bulk?: boolean } = {},
): Promise<TwoNodes<TestCache>> {
  return twoNodes<TestCache>(({ tier, clock }) => {
    if (!bulk) Object.defineProperty(tier, 'bulk', { value: undefined })
    return createCache({ ...calm, clock, ...options, tiers: [memory(), tier] })
  })
}

/** Waits for something that needs time to pass, such as closing while a request hangs. */
export async function finish<R>(clock: FakeClock, work: Promise<R>): Promise<R> {
  let over = false
  void Promise.allSettled([work]).then(() => {
    over = true
  })
  for (let i = 0; i < 200 && !over; i++) await clock.advance(100)
  return await work
}

/** Runs what a promise needs to settle, and tells how it ended, or that it hasn't. */
export async function outcome(work: Promise<unknown>, clock: FakeClock): Promise<unknown> {
  let told: unknown = 'pending'
  work.then(
    (value) => {
      told = value
    },
    (error: unknown) => {
      told = error
    },
  )
  await clock.settle()
  return told
}
