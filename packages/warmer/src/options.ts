import { checkKeys, expectation, parseDuration, systemClock } from '@tierstack/cache-core'
import type { Cached, Clock, Duration, KeyOf } from '@tierstack/cache-core'
import type { Leader } from './leader.ts'
import type { RowSource } from './rows.ts'
import type { Source } from './source.ts'

/** What is warmed from where. Made by `warm`, which sees that the two fit. */
export interface WarmTask {
  readonly name: string
  readonly run: (limits: WarmLimits) => ReturnType<Cached<KeyOf, unknown>['warm']>
}

export interface WarmLimits {
  readonly signal: AbortSignal
  readonly concurrency: number | undefined
  readonly batch: number | undefined
  readonly rate: number | undefined
  readonly progress: (done: {
    readonly loaded: number
    readonly skipped: number
    readonly failed: number
  }) => void
}

/** A definition to be warmed, and the source of its inputs, or of its rows. */
export function warm<K extends KeyOf, V>(
  name: string,
  cached: Pick<Cached<K, V>, 'warm' | 'warmRows'>,
  source: Source<K> | RowSource<NoInfer<K>, NoInfer<V>>,
): WarmTask {
  if (typeof name !== 'string' || name === '') throw expectation('name', 'a name for reports', name)
  if (typeof cached?.warm !== 'function') throw expectation('cached', 'a definition of a cache', cached)
  if (typeof source !== 'function' && typeof source?.open !== 'function')
    throw expectation('source', 'a source, such as `fromKeys([1, 2])`', source)
  return {
    name,
    run: async ({ signal, concurrency, batch, rate, progress }) => {
      const options = {
        signal,
        progress,
        ...(concurrency !== undefined && { concurrency }),
        ...(batch !== undefined && { batch }),
        ...(rate !== undefined && { rate }),
      }
      return typeof source === 'function'
        ? await cached.warm(await source({ signal }), options)
        : await cached.warmRows(source.open(), options)
    },
  }
}

/** Inputs from a list, or from anything that brings them one after the other; a function is called for each run. */
export function fromKeys<K>(
  keys: Iterable<K> | AsyncIterable<K> | (() => Iterable<K> | AsyncIterable<K>),
): Source<K> {
  return () => (typeof keys === 'function' ? keys() : keys)
}

export interface WarmerOptions {
  readonly tasks: readonly WarmTask[]
  /** Tasks at once. @default 4 */
  readonly parallel?: number
  /** Loads at once of each task. @default the cache's own */
  readonly concurrency?: number
  /** Keys per `loadMany`. @default the cache's own */
  readonly batch?: number
  /** Keys per second of each task. @default no limit */
  readonly rate?: number
  /** Decides which process warms, when several are started or have the same schedule. @default every process does */
  readonly leader?: Leader
  /** Name of the lead. @default 'warmer' */
  readonly name?: string
  /** How long a leader that died keeps others from warming. @default '30s' */
  readonly hold?: Duration
  readonly clock?: Clock
  /** Source of jitter, 0 ≤ n < 1. @default Math.random */
  readonly random?: () => number
}

export interface ResolvedOptions {
  readonly tasks: readonly WarmTask[]
  readonly parallel: number
  readonly concurrency: number | undefined
  readonly batch: number | undefined
  readonly rate: number | undefined
  readonly leader: Leader | undefined
  readonly name: string
  readonly hold: number
  readonly clock: Clock
  readonly random: () => number
}

export const optionNames = [
  'tasks',
  'parallel',
  'concurrency',
  'batch',
  'rate',
  'leader',
  'name',
  'hold',
  'clock',
  'random',
] as const

export function resolveOptions(given: WarmerOptions): ResolvedOptions {
  checkKeys('createWarmer options', given, optionNames)
  const { tasks, parallel = 4, name = 'warmer' } = given
  if (!Array.isArray(tasks) || tasks.length === 0)
    throw expectation('tasks', 'a list of at least one task, such as `warm(name, definition, source)`', tasks)
  const names = new Set<string>()
  for (const task of tasks as readonly WarmTask[]) {
    if (names.has(task.name)) throw expectation('tasks', 'of different names', task.name)
    names.add(task.name)
  }
  for (const [option, value] of Object.entries({
    parallel,
    concurrency: given.concurrency ?? 1,
    batch: given.batch ?? 1,
  })) {
    if (!Number.isInteger(value) || value < 1) throw expectation(option, 'an integer of 1 or more', value)
  }
  if (given.rate !== undefined && !(given.rate > 0)) throw expectation('rate', 'a number above 0', given.rate)
  const hold = parseDuration('hold', given.hold ?? '30s')
  if (hold < 300) throw expectation('hold', 'at least 300 ms', given.hold)
  return Object.freeze({
    tasks,
    parallel,
    concurrency: given.concurrency,
    batch: given.batch,
    rate: given.rate,
    leader: given.leader,
    name,
    hold,
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
  })
}
