import { checkKeys, expectation } from '@tierstack/cache-core'
import type { Cache, Cached, KeyOf } from '@tierstack/cache-core'
import { inputOf } from './input-of.ts'
import type { Source } from './source.ts'
import { SpaceSaving } from './space-saving.ts'

export interface HotKeysOptions<K> {
  /** Names of which a count is kept. @default 10_000 */
  readonly capacity?: number
  /** Notes one read of so many. @default 1 */
  readonly sample?: number
  /** Most inputs that the source brings. @default 1000 */
  readonly limit?: number
  /** The input of an entry, by its full key. @default for inputs that are texts, numbers, bigints or booleans */
  readonly inputOf?: (key: string) => K | undefined
}

/** Counts what is read of one definition, and is a source of what is read most. */
export interface HotKeys<K> {
  readonly source: Source<K>
  /** The most read inputs now. */
  top(limit: number): K[]
  /** Halves the counts, so that what was read long ago gives way: once an hour, say. */
  age(): void
  /** Stops counting. */
  stop(): void
}

/**
 * A sketch of the live cache: its memory is bounded by `capacity`, whatever is read. It listens to the cache's events, so
 * that a cache without one pays nothing.
 */
export function hotKeys<K extends KeyOf>(
  cache: Pick<Cache, 'on'>,
  cached: Pick<Cached<K, unknown>, 'keyFor'>,
  options: HotKeysOptions<K> = {},
): HotKeys<K> {
  checkKeys('hotKeys options', options, ['capacity', 'sample', 'limit', 'inputOf'])
  const { capacity = 10_000, sample = 1, limit = 1_000 } = options
  for (const [name, value] of Object.entries({ capacity, sample, limit }))
    if (!Number.isInteger(value) || value < 1) throw expectation(name, 'an integer of 1 or more', value)
  const back = options.inputOf ?? inputOf<K>(cached)
  const sketch = new SpaceSaving(capacity)
  let seen = 0
  const note = (event: { key(): string }) => {
    if (seen++ % sample !== 0) return
    const key = event.key()
    if (back(key) !== undefined) sketch.add(key)
  }
  const stops = [cache.on('hit', note), cache.on('miss', note)]
  const top = (most: number): K[] =>
    sketch.top(most).flatMap(({ name }) => {
      const input = back(name)
      return input === undefined ? [] : [input]
    })
  return {
    source: () => top(limit),
    top,
    age: () => sketch.age(),
    stop: () => {
      for (const stop of stops) stop()
    },
  }
}
