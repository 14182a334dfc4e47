import type { Place } from './remote-read.ts'

/** Deadline of a tier's answer to a whole batch, ms: nobody waits for it. */
export const patienceMs = 2_000

export interface WarmItem {
  readonly key: string
  readonly input: unknown
}

export interface Warmed {
  loaded: number
  skipped: number
  readonly errors: { readonly key: string; readonly error: unknown }[]
  /** To be read one by one. */
  readonly aside: WarmItem[]
}

export interface Missing extends WarmItem {
  /** Never changed: keys that no tier of the chain has share one list. */
  places: readonly Place[]
}

/** The fence sequence and the instant at which the work on a batch began. */
export interface Start {
  readonly sequence: number
  readonly startedAt: number
}

export type LoadAll = (inputs: readonly unknown[], signal: AbortSignal) => Promise<(at: number) => unknown>

/** The keys of a batch share few lists of places: what is asked about one is asked once, not once per key. */
export function byPlaces<T>(ask: (places: readonly Place[]) => T): (places: readonly Place[]) => T {
  let last: readonly Place[] | undefined
  let answer: T
  return (places) => {
    if (places !== last) {
      last = places
      answer = ask(places)
    }
    return answer
  }
}
