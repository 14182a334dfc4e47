import { CacheError, systemClock } from '@tierstack/cache-core'
import type {
  Bulk,
  Clock,
  Coherence,
  FrameWrite,
  LeaseRead,
  RemoteTier,
  StoredFrame,
  Surveyed,
} from '@tierstack/cache-core'

/**
 * What goes wrong with one request.
 * - `hang`: nothing happens until `resume`, then it is done
 * - `drop`: it is not done, and rejects
 * - `lose`: it is done, but its answer is lost: rejects
 * - `corrupt`: the bytes of frames are not those that were written
 * - `lie`: it is not done, and claims success; a read claims that nothing is there
 * - `delay`, `delayAnswer`: it is done, or answered, that many ms later
 */
export type Fault =
  | 'hang'
  | 'drop'
  | 'lose'
  | 'corrupt'
  | 'lie'
  | { readonly delay: number }
  | { readonly delayAnswer: number }

type TierVerb = 'hello' | 'read' | 'write' | 'delete' | 'clear'
type CoherenceVerb = Exclude<keyof Coherence, 'bus'>
export type ChaosVerb = TierVerb | CoherenceVerb | keyof Bulk

/** The fault of each verb, or a function that decides for each request; undefined for none. */
export type ChaosPlan =
  | { readonly [V in ChaosVerb]?: Fault | undefined }
  | ((verb: ChaosVerb, names: readonly string[]) => Fault | undefined)

export interface ChaosTier<N extends string = string> extends RemoteTier<N> {
  /** May be replaced at any time; `{}` heals. Requests under way keep their fault. */
  plan: ChaosPlan
  /** Lets the requests that hang go on. */
  resume(): void
  /** Requests that hang. */
  readonly hanging: number
}

type Items = readonly (string | { readonly key: string })[]
type Verb = (items: Items, ...rest: unknown[]) => Promise<unknown>

let lies = 0
/** A lease, claim or generation that nobody gave. */
const madeUp = (): string => `lie ${String(++lies).padStart(12, '0')}`
const nothing = (): undefined => undefined

/** What a tier would answer that had done nothing and says otherwise. */
const lieOf: { readonly [V in ChaosVerb]: (items: Items) => unknown } = {
  hello: madeUp,
  read: (keys) => keys.map(nothing),
  write: (items) => items.map(() => 'stored'),
  delete: nothing,
  clear: nothing,
  lease: (keys) => ({ reads: keys.map(() => ({ state: 'leased', fence: madeUp() })), tagClock: madeUp() }),
  claim: (items) => items.map(madeUp),
  take: (keys) => keys.map(madeUp),
  fill: (items) => items.map(() => 'stored'),
  renew: nothing,
  release: nothing,
  expire: nothing,
  begin: nothing,
  end: nothing,
  conclude: (items) => items.map(madeUp),
  tags: (tags) => tags.map(() => ({ generation: madeUp(), softened: [] })),
  stampTags: (tags) => tags.map(madeUp),
  invalidate: nothing,
  survey: (keys) => ({ reads: keys.map(() => ({ state: 'absent' })), fence: madeUp(), tagClock: madeUp() }),
  fillAbsent: (items) => items.map(() => 'stored'),
}

const coherenceVerbs = [
  'lease',
  'claim',
  'take',
  'fill',
  'renew',
  'release',
  'expire',
  'begin',
  'end',
  'conclude',
  'tags',
  'stampTags',
  'invalidate',
] as const satisfies readonly CoherenceVerb[]

/** Other bytes of the same length, or one byte where there was none. */
function corrupted(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0
    ? Uint8Array.of(0xff)
    : bytes.map((byte, i) => (i % 7 === 3 || i === 0 ? byte ^ 0x5a : byte))
}

/** Frames on their way in. */
function corruptedItems(verb: ChaosVerb, items: Items): Items {
  if (verb !== 'write' && verb !== 'fill' && verb !== 'fillAbsent') return items
  return (items as readonly FrameWrite[]).map((item) => ({ ...item, bytes: corrupted(item.bytes) }))
}

/** Frames on their way out. */
function corruptedAnswer(verb: ChaosVerb, answer: unknown): unknown {
  const spoil = (frame: StoredFrame) => ({ ...frame, bytes: corrupted(frame.bytes) })
  if (verb === 'read') return (answer as (StoredFrame | undefined)[]).map((frame) => frame && spoil(frame))
  if (verb !== 'lease' && verb !== 'survey') return answer
  const leased = answer as { reads: readonly (LeaseRead | Surveyed)[] }
  const reads = leased.reads.map((read) =>
    read.state === 'hit' ? { ...read, frame: spoil(read.frame) } : read,
  )
  return { ...leased, reads }
}

class Chaos {
  readonly hanging: Set<() => void> = new Set()
  plan: ChaosPlan
  clock: Clock = systemClock

  constructor(plan: ChaosPlan) {
    this.plan = plan
  }

  /** The verb of the tier, with the fault that the plan has for it at the time of each request. */
  wrap<T extends object>(tier: T, verb: ChaosVerb & keyof T): never {
    const real = (tier[verb] as Verb).bind(tier)
    const wrapped: Verb = (items, ...rest) => this.#ask(verb, real, items ?? [], rest)
    return wrapped as never
  }

  async #ask(verb: ChaosVerb, real: Verb, items: Items, rest: unknown[]): Promise<unknown> {
    const names = items.map((item) => (typeof item === 'string' ? item : item.key))
    const fault = typeof this.plan === 'function' ? this.plan(verb, names) : this.plan[verb]
    if (fault === 'drop') throw broken(verb, 'was lost on its way')
    if (fault === 'lie') return lieOf[verb](items)
    if (fault === 'hang') await new Promise<void>((resolve) => this.hanging.add(resolve))
    if (typeof fault === 'object' && 'delay' in fault) await this.#pause(fault.delay)
    const answer = await real(fault === 'corrupt' ? corruptedItems(verb, items) : items, ...rest)
    if (fault === 'lose') throw broken(verb, 'was done, but its answer was lost')
    if (typeof fault === 'object' && 'delayAnswer' in fault) await this.#pause(fault.delayAnswer)
    return fault === 'corrupt' ? corruptedAnswer(verb, answer) : answer
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve))
  }
}

function broken(verb: ChaosVerb, what: string): CacheError {
  return new CacheError('TIER_UNAVAILABLE', `The request \`${verb}\` ${what}`)
}

function chaosCoherence(chaos: Chaos, coherence: Coherence): Coherence {
  const verbs = coherenceVerbs.map((verb) => [verb, chaos.wrap(coherence, verb)] as const)
  return { bus: coherence.bus, ...(Object.fromEntries(verbs) as unknown as Omit<Coherence, 'bus'>) }
}

/**
 * Wraps a remote tier so that its requests fail as planned. The bus is left alone: cut that at its own place.
 * @example
 * const chaos = chaosTier(store.tier(), {})
 * chaos.plan = { fill: 'lose', read: { delay: 100 } }
 */
export function chaosTier<N extends string>(tier: RemoteTier<N>, plan: ChaosPlan = {}): ChaosTier<N> {
  const chaos = new Chaos(plan)
  return {
    kind: 'remote',
    name: tier.name,
    capabilities: tier.capabilities,
    codec: tier.codec,
    ...(tier.coherence && { coherence: chaosCoherence(chaos, tier.coherence) }),
    ...(tier.bulk && {
      bulk: {
        survey: chaos.wrap(tier.bulk, 'survey'),
        fillAbsent: chaos.wrap(tier.bulk, 'fillAbsent'),
      },
    }),
    open(host) {
      chaos.clock = host.clock
      tier.open(host)
    },
    hello: chaos.wrap(tier, 'hello'),
    read: chaos.wrap(tier, 'read'),
    write: chaos.wrap(tier, 'write'),
    delete: chaos.wrap(tier, 'delete'),
    clear: chaos.wrap(tier, 'clear'),
    close: () => tier.close(),
    get plan() {
      return chaos.plan
    },
    set plan(next) {
      chaos.plan = next
    },
    get hanging() {
      return chaos.hanging.size
    },
    resume() {
      for (const go of chaos.hanging) go()
      chaos.hanging.clear()
    },
  }
}
