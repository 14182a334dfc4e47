import { checkKeys, expectation } from '@tierstack/cache-core'
import { adminOptionNames, resolveAdminOptions } from '../admin-options.ts'
import type { AdminOptions, ResolvedAdminOptions } from '../admin-options.ts'
import type { Action } from './actions.ts'

/** Told of one read: which tier answered it, or undefined for the source, and how long the reader waited, ms. */
export type NoteRead = (tier: string | undefined, ms: number) => void

/** A number worth a tile of its own; `good` colours it. */
export interface Fact {
  readonly title: string
  readonly value: string
  readonly good?: boolean
}

export interface LivePageOptions extends AdminOptions {
  /** Queries that the database got so far, for the curve "with the cache". @default the loads that the cache counts */
  readonly queries?: () => number
  /**
   * Tells of reads as the application timed them; returns what ends that. It is asked only while somebody watches.
   * Without it, remote tiers and the source show the time of their round trips, and local tiers none: the cache itself
   * doesn't time its hits.
   */
  readonly reads?: (note: NoteRead) => () => void
  /** Tiles above the page, asked each second while somebody watches. */
  readonly facts?: () => readonly Fact[]
  /** Buttons. Refused where the endpoint is `readOnly`. @default [] */
  readonly actions?: readonly Action[]
}

export const livePageOptionNames: readonly (keyof LivePageOptions)[] = [
  ...adminOptionNames,
  'queries',
  'reads',
  'facts',
  'actions',
]

export interface ResolvedLivePageOptions extends Pick<LivePageOptions, 'queries' | 'reads' | 'facts'> {
  readonly admin: ResolvedAdminOptions
  readonly actions: readonly Action[]
}

export function resolveLivePageOptions(given: LivePageOptions): ResolvedLivePageOptions {
  checkKeys('live page options', given, livePageOptionNames)
  const { queries, reads, facts, actions = [], ...admin } = given
  for (const [name, value] of Object.entries({ queries, reads, facts })) {
    if (value !== undefined && typeof value !== 'function') throw expectation(name, 'a function', value)
  }
  if (!Array.isArray(actions)) throw expectation('actions', 'a list of actions', actions)
  const names = actions.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw expectation('actions', 'actions of different names', twice)
  return Object.freeze({
    admin: resolveAdminOptions(admin),
    actions,
    ...(queries && { queries }),
    ...(reads && { reads }),
    ...(facts && { facts }),
  })
}
