import { checkKeys, checkName, expectation, parseDuration } from '@tierstack/cache-core'
import type { Duration } from '@tierstack/cache-core'
import { memoryQueue } from './engine/memory-queue.ts'
import type { PurgeQueue } from './engine/purge-queue.ts'
import type { Fetch } from './engine/fetch.ts'
import type { Provider } from './provider.ts'

export interface CdnOptions<N extends string = string> {
  /** The vendor's interface: `fastly()`, `cloudflare()`, `varnish()` … */
  readonly provider: Provider<N>
  /**
   * Name of the tier in events, statistics and receipts.
   * @default the provider's
   */
  readonly name?: string
  /**
   * Where pending purges are written down: `sqliteQueue({ path })` survives the process.
   * @default memoryQueue()
   */
  readonly queue?: PurgeQueue
  /**
   * The longest time from the first read of a response until the edge has stored it. A response that takes more than
   * half of it is sent uncached; each removal is purged again this long after it. `0`: no second purge, for an edge
   * that refuses what was fetched before a purge.
   * @default '4s'
   */
  readonly inFlight?: Duration
  /**
   * How long a first purge waits, so that other processes have dropped their copies.
   * @default '10ms' where removals go to other processes by a bus, else 0
   */
  readonly lead?: Duration
  /**
   * Least time between two purges of one name; what comes meanwhile is purged together.
   * @default `inFlight` where the vendor limits the rate, else 0
   */
  readonly spacing?: Duration
  /**
   * How long a removal waits for the edge; after that its receipt says `durable`, or `queued`.
   * @default '250ms'
   */
  readonly wait?: Duration
  /**
   * One call to the vendor.
   * @default '5s'
   */
  readonly timeout?: Duration
  /**
   * Longest pause between tries. Short for an edge of your own, which comes back with its old pages.
   * @default '60s'
   */
  readonly maxBackoff?: Duration
  /**
   * Names that would take longer than this to purge give way to one that covers them.
   * @default '10s'
   */
  readonly maxDelay?: Duration
  /**
   * Part of the vendor's limits that this process may use: 1 / number of processes with one account.
   * @default 1
   */
  readonly share?: number
  /**
   * Longest life at the edge.
   * @default '1h'
   */
  readonly maxTtl?: Duration
  /**
   * Longest life of a 404 or 410 at the edge.
   * @default '60s'
   */
  readonly negativeTtl?: Duration
  /**
   * Purges that wait for longer than this cut the life of new responses to `degradedTtl`.
   * @default '10s'
   */
  readonly lagBudget?: Duration
  /**
   * Longest life at the edge while purges don't get through.
   * @default '30s'
   */
  readonly degradedTtl?: Duration
  /**
   * For an edge without tags: the file of the index of pages, shared by the processes of the host.
   * @default ':memory:'
   */
  readonly index?: string
  /** @default false */
  readonly hideCacheStatus?: boolean
  /** Makes the calls. @default the global one, or the provider's */
  readonly fetch?: Fetch
  /** Source of jitter, 0 ≤ n < 1. @default Math.random */
  readonly random?: () => number
}

export const optionNames: readonly (keyof CdnOptions)[] = [
  'provider',
  'name',
  'queue',
  'inFlight',
  'lead',
  'spacing',
  'wait',
  'timeout',
  'maxBackoff',
  'maxDelay',
  'share',
  'maxTtl',
  'negativeTtl',
  'lagBudget',
  'degradedTtl',
  'index',
  'hideCacheStatus',
  'fetch',
  'random',
]

export interface ResolvedOptions {
  readonly provider: Provider
  readonly name: string
  readonly queue: PurgeQueue
  readonly inFlight: number
  readonly lead: number | undefined
  readonly spacing: number | undefined
  readonly wait: number
  readonly timeout: number
  readonly maxBackoff: number
  readonly maxDelay: number
  readonly share: number
  readonly maxTtl: number
  readonly negativeTtl: number
  readonly lagBudget: number
  readonly degradedTtl: number
  readonly index: string
  readonly hideCacheStatus: boolean
  readonly fetch: Fetch
  readonly random: () => number
}

export function resolveOptions(given: CdnOptions): ResolvedOptions {
  checkKeys('cdn options', given, optionNames)
  const { provider, queue = memoryQueue(), share = 1, index = ':memory:' } = given
  if (typeof provider?.requests !== 'function' || typeof provider.verdict !== 'function') {
    throw expectation('provider', 'a provider, such as `fastly()` or `varnish({ url })`', provider)
  }
  if (typeof queue?.lane !== 'function')
    throw expectation('queue', 'a queue, such as `sqliteQueue({ path })`', queue)
  if (!(typeof share === 'number' && share > 0 && share <= 1)) {
    throw expectation('share', 'more than 0, and 1 at most', share)
  }
  if (typeof index !== 'string' || index === '') throw expectation('index', 'the path of a file', index)
  const name = given.name ?? provider.name
  checkName('name', name)
  const duration = (
    key:
      | 'inFlight'
      | 'wait'
      | 'timeout'
      | 'maxBackoff'
      | 'maxDelay'
      | 'maxTtl'
      | 'negativeTtl'
      | 'lagBudget'
      | 'degradedTtl',
    standard: Duration,
  ) => parseDuration(key, given[key] ?? standard)
  const timeout = duration('timeout', '5s')
  if (timeout === 0) throw expectation('timeout', 'more than 0', given.timeout)
  return Object.freeze({
    provider,
    name,
    queue,
    inFlight: duration('inFlight', '4s'),
    lead: given.lead === undefined ? undefined : parseDuration('lead', given.lead),
    spacing: given.spacing === undefined ? undefined : parseDuration('spacing', given.spacing),
    wait: duration('wait', '250ms'),
    timeout,
    maxBackoff: duration('maxBackoff', '60s'),
    maxDelay: duration('maxDelay', '10s'),
    share,
    maxTtl: duration('maxTtl', '1h'),
    negativeTtl: duration('negativeTtl', '60s'),
    lagBudget: duration('lagBudget', '10s'),
    degradedTtl: duration('degradedTtl', '30s'),
    index,
    hideCacheStatus: given.hideCacheStatus === true,
    fetch: given.fetch ?? provider.fetch ?? ((url, init) => fetch(url, init)),
    random: given.random ?? Math.random,
  })
}
