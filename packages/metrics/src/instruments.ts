/*
 * Every instrument there is: what the exporters show, what the alert rules and the dashboard ask for, and what the
 * read-me lists are all made from this table. OpenTelemetry has no conventions for caches; the attributes follow its
 * naming rules. No attribute grows with keys, users or time.
 */
export interface Instrument {
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** UCUM, as OpenTelemetry wants it. */
  readonly unit: string
  readonly description: string
  /** Beside `cache.namespace`, which all have. */
  readonly attributes: readonly string[]
}

const definition = 'cache.definition'
const tier = 'cache.tier'
const bus = 'cache.bus'

function counter(name: string, unit: string, description: string, attributes: readonly string[]): Instrument {
  return { name, kind: 'counter', unit, description, attributes }
}

function gauge(name: string, unit: string, description: string, attributes: readonly string[]): Instrument {
  return { name, kind: 'gauge', unit, description, attributes }
}

function histogram(name: string, description: string, attributes: readonly string[]): Instrument {
  return { name, kind: 'histogram', unit: 's', description, attributes }
}

export type InstrumentKey =
  | 'hits'
  | 'misses'
  | 'loads'
  | 'loadErrors'
  | 'loadDuration'
  | 'joined'
  | 'waits'
  | 'waitTime'
  | 'saved'
  | 'stored'
  | 'storedSize'
  | 'largest'
  | 'backfills'
  | 'fenced'
  | 'refused'
  | 'poisoned'
  | 'removals'
  | 'evictions'
  | 'entries'
  | 'size'
  | 'tierDuration'
  | 'timeouts'
  | 'errors'
  | 'breakerState'
  | 'breakerOpened'
  | 'journal'
  | 'purges'
  | 'busLag'
  | 'busLive'
  | 'busGaps'
  | 'loadsRunning'
  | 'loadsQueued'
  | 'feedLag'
  | 'shadowCompared'
  | 'shadowAge'

export const instruments: Readonly<Record<InstrumentKey, Instrument>> = {
  hits: counter('cache.hits', '{hit}', 'Reads answered by a tier', [definition, tier, 'cache.state']),
  misses: counter('cache.misses', '{miss}', 'Reads that no tier answered, by why', [
    definition,
    'cache.reason',
  ]),
  loads: counter('cache.loads', '{load}', 'Runs of loaders', [definition]),
  loadErrors: counter('cache.load.errors', '{load}', 'Loads that failed', [definition]),
  loadDuration: histogram('cache.load.duration', 'Time of a load that succeeded', [
    definition,
    'cache.reason',
  ]),
  joined: counter('cache.load.joined', '{read}', 'Reads that shared a load which was running already', [
    definition,
  ]),
  waits: counter('cache.lease.waits', '{wait}', "Waits for another process' load", [definition]),
  waitTime: counter('cache.lease.wait.time', 's', "Time spent waiting for other processes' loads", [
    definition,
  ]),
  saved: counter('cache.saved.time', 's', 'Load time that hits saved the source', [definition]),
  stored: counter('cache.stored', '{value}', 'Values stored after a load', [definition]),
  storedSize: counter('cache.stored.size', 'By', 'Bytes of the values stored', [definition]),
  largest: gauge('cache.value.largest', 'By', 'The largest value stored so far', [definition]),
  backfills: counter('cache.backfills', '{entry}', 'Entries found farther and written into the tier', [
    definition,
    tier,
  ]),
  fenced: counter('cache.fenced', '{write}', 'Results not stored because of a removal meanwhile', [
    definition,
    tier,
  ]),
  refused: counter('cache.refused', '{write}', 'Values too large for the tier, or not encodable', [
    definition,
    tier,
  ]),
  poisoned: counter('cache.poisoned', '{entry}', 'Frames that could not be trusted or understood', [
    definition,
    tier,
  ]),
  removals: counter('cache.removals', '{removal}', 'Removals, by this process and heard from others', [
    'cache.origin',
  ]),
  evictions: counter('cache.evictions', '{entry}', 'Entries that a local tier dropped on its own', [
    tier,
    'cache.cause',
  ]),
  entries: gauge('cache.entries', '{entry}', 'Entries in a local tier', [tier]),
  size: gauge('cache.size', 'By', 'Estimated bytes in a local tier', [tier]),
  tierDuration: histogram('cache.tier.duration', 'Time of one round trip to a remote tier', [
    tier,
    'cache.verb',
    'cache.outcome',
  ]),
  timeouts: counter('cache.tier.timeouts', '{call}', 'Calls of a tier past their deadline', [tier]),
  errors: counter('cache.tier.errors', '{call}', 'Calls of a tier that failed', [tier]),
  breakerState: gauge('cache.breaker.state', '{state}', '0 in use, 1 joining or settling, 2 out of use', [
    tier,
  ]),
  breakerOpened: counter('cache.breaker.opened', '{transition}', 'Times that a tier went out of use', [tier]),
  journal: gauge('cache.journal.length', '{name}', 'Removals that a remote tier has not confirmed yet', [
    tier,
  ]),
  purges: gauge('cache.purges.queued', '{purge}', 'Purges that an edge has not confirmed yet', [tier]),
  busLag: gauge('cache.bus.lag', 's', "Time from the sending of the bus' last proof to its arrival", [bus]),
  busLive: gauge('cache.bus.live', '{state}', '1 while the bus proves that no removal was missed', [bus]),
  busGaps: counter('cache.bus.gaps', '{gap}', 'Times that bus messages may have been lost', [bus]),
  loadsRunning: gauge('cache.loads.running', '{load}', 'Loads running now', []),
  loadsQueued: gauge('cache.loads.queued', '{load}', 'Loads waiting for a place in the bulkhead', []),
  feedLag: gauge('cache.feed.lag', 's', 'How far a change feed is behind its database', ['cache.feed']),
  shadowCompared: counter('cache.shadow.compared', '{hit}', 'Hits compared with the source', [
    definition,
    'cache.outcome',
  ]),
  shadowAge: histogram('cache.shadow.age', 'Age of hits that differed from the source', [definition]),
}

/** Seconds; a round trip to a near Redis takes a tenth of a millisecond, a slow query seconds. */
export const durationBuckets: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

/** Seconds; from the moment of a change to the longest ttl in use. */
export const ageBuckets: readonly number[] = [0.01, 0.1, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400]
