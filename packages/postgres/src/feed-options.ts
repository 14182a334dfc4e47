import { checkKeys, checkOneOf, expectation } from '@tierstack/cache-core'
import type { Receipt, Removal } from '@tierstack/cache-core'
import type { Change, ChangeSource } from './change-source.ts'

/** What a changed row removes: tags, or tags and whole keys as `keyFor` gives them. */
export type Removes =
  | readonly string[]
  | { readonly tags?: readonly string[]; readonly keys?: readonly string[] }

/** Declared as a method, so that its parameter may be annotated with a row type: `(change: Change<UserRow>) => …`. */
export type ChangeMap = { readonly [table: string]: { map(change: Change<never>): Removes }['map'] }

/** The part of a cache that a feed needs. */
export interface ChangedCache {
  changed(removal: Removal): Promise<Receipt>
}

export interface ChangeFeedOptions {
  readonly cache: ChangedCache
  readonly source: ChangeSource
  /**
   * By table (`users`, or `billing.invoices` outside of the schema `public`): what a changed row removes besides
   * `table:key` and `table`. Runs for every change and must not throw; if it does, the cache is cleared.
   */
  readonly map?: ChangeMap
  /**
   * What a change of a whole table removes: truncated, with another structure, or with changes that were missed or whose
   * key isn't known.
   * `'clear'`: everything, since an entry tagged `users:42` alone doesn't say which table it is of. `'tags'`: what is tagged
   * `users` or `users:*`; right where every entry carries one of the two, as those of `cachedQueries` do. A table with a
   * `map` of its own clears in either case: a change without its row can't be mapped.
   * @default 'clear'
   */
  readonly wholeTable?: 'clear' | 'tags'
}

export const feedOptionNames = ['cache', 'source', 'map', 'wholeTable'] as const

export function resolveFeedOptions(given: ChangeFeedOptions): ChangeFeedOptions {
  checkKeys('changeFeed options', given, feedOptionNames)
  const { cache, source, map = {}, wholeTable = 'clear' } = given
  if (typeof cache?.changed !== 'function') throw expectation('cache', 'a cache of `createCache`', cache)
  if (typeof source?.open !== 'function') throw expectation('source', 'a change source', source)
  for (const [table, own] of Object.entries(map))
    if (typeof own !== 'function') throw expectation(`map.${table}`, 'a function', own)
  return { cache, source, map, wholeTable: checkOneOf('wholeTable', wholeTable, ['clear', 'tags']) }
}
