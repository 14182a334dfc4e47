import { eventNames } from '@tierstack/cache-core'

/** Whatever tells its events by name, as a cache does. */
export interface EventSource {
  on(name: never, listener: (event: never) => void): () => void
}

/** A call of a tier is told by what came of it. */
const telling: readonly string[] = eventNames.filter((name) => name !== 'call')

/** What happened since the last look, in order. */
export interface EventTranscript {
  /** One line per event, such as `hit redis fresh`, `miss`, `load miss`, `backfill memory`. */
  readonly lines: readonly string[]
  /** The lines so far, which are then forgotten. */
  take(): string[]
  stop(): void
}

/** The fields that tell events of one name apart, in the order in which a line names them. */
const tellingFields = ['tier', 'state', 'reason', 'served', 'why', 'cause', 'origin', 'check']

/**
 * Collects the events of a cache as short lines, so that a test can state a whole flow.
 *
 * Without `names`: every event that a cache has, but for the single calls of its tiers.
 * @example
 * const events = eventTranscript(cache)
 * await userById(1)
 * assert.deepEqual(events.take(), ['miss', 'load miss'])
 */
export function eventTranscript(cache: EventSource, names: readonly string[] = telling): EventTranscript {
  let lines: string[] = []
  const source = cache as { on(name: string, listener: (event: Record<string, unknown>) => void): () => void }
  const stops = names.map((name) =>
    source.on(name, (event) => {
      const told = tellingFields.map((field) => event[field]).filter((word) => typeof word === 'string')
      lines.push([name, ...told].join(' '))
    }),
  )
  return {
    get lines() {
      return lines
    },
    take() {
      const taken = lines
      lines = []
      return taken
    },
    stop() {
      for (const stop of stops) stop()
    },
  }
}
