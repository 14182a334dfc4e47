import { checkOneOf } from '@tierstack/cache-core'
import type { SourceFinding, SourceState } from './change-source.ts'

/** What a feed reports. */
export interface FeedEventMap {
  /** The removals of a batch are confirmed. */
  applied: { readonly changes: number }
  /** Changes may have been missed; the cache is being cleared. */
  gap: { readonly why: string }
  state: { readonly state: SourceState; readonly error: unknown }
  /** Something about the set-up that an operator should know. Once per finding. */
  warning: SourceFinding
}

export type FeedEventName = keyof FeedEventMap

const names: readonly FeedEventName[] = ['applied', 'gap', 'state', 'warning']

/** Listeners by event; one that throws breaks nothing. */
export class FeedEvents {
  readonly #listeners = new Map<FeedEventName, Set<(event: never) => void>>()

  add<E extends FeedEventName>(name: E, listener: (event: FeedEventMap[E]) => void): () => void {
    checkOneOf('event', name, names)
    const listen = listener as (event: never) => void
    const all = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, all.add(listen))
    return () => all.delete(listen)
  }

  emit<E extends FeedEventName>(name: E, event: FeedEventMap[E]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const told: unknown = (listener as (event: FeedEventMap[E]) => unknown)(event)
        // Of an async function: nobody else hears of its rejection, which would end the process.
        if (told instanceof Promise) told.catch(() => {})
      } catch {
        // Whoever wants its errors catches them there.
      }
    }
  }
}
