import { checkKeys, checkOneOf } from '@tierstack/cache-core'
import type { EventMap, EventName } from '@tierstack/cache-core'
import { hiddenKey } from './hidden-key.ts'

/** A structured logger: pino, bunyan, or anything that takes fields first and a sentence after. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface LogOptions {
  /** `hidden`: the definition and a hash of the input, equal for equal keys within this process. @default 'hidden' */
  readonly keys?: 'hidden' | 'plain' | 'none'
}

export const logOptionNames: readonly (keyof LogOptions)[] = ['keys']

/** Whose events are logged. */
export interface Logged {
  on<E extends EventName>(event: E, listener: (event: EventMap[E]) => void): () => void
}

const lines = {
  degraded: ['error', 'a cache tier went out of use'],
  recovered: ['info', 'a cache tier is in use again'],
  'bus:gap': ['warn', 'cache messages may have been lost; local entries are suspect'],
  poisoned: ['error', 'a cache entry could not be trusted, and counts as a miss'],
  refused: ['warn', 'a value was not stored in a cache tier'],
  'load:error': ['warn', 'a load failed'],
  warning: ['warn', 'the set-up of a cache tier needs a look'],
  invalidate: ['debug', 'cache entries were removed'],
  fenced: ['debug', 'a load was not stored, because its key was removed meanwhile'],
} as const satisfies Partial<Record<EventName, readonly [keyof Logger, string]>>

/** Lines of one event and tier or definition within a second. What comes beyond is counted in the next one. */
const quietMs = 1_000

/**
 * Logs what an operator reads logs for: tiers that come and go, gaps, poisoned entries, failing loads, findings about
 * the set-up; removals and fenced loads at `debug`. Nothing that happens on hits or misses. Returns the function that
 * stops it. A source that fails a thousand times a second makes one line a second, with `suppressed` in it.
 * @example
 * logEvents(cache, pino())
 */
export function logEvents(cache: Logged, logger: Logger, options: LogOptions = {}): () => void {
  checkKeys('log options', options, logOptionNames)
  const keys = checkOneOf('keys', options.keys ?? 'hidden', ['hidden', 'plain', 'none'])
  const quiet = new Map<string, { until: number; suppressed: number }>()
  const stops = (Object.keys(lines) as (keyof typeof lines)[]).map((name) =>
    cache.on(name, (event) => {
      const [level, message] = lines[name]
      const fields = fieldsOf(event, keys)
      const subject = `${name} ${String(fields['tier'])} ${String(fields['def'])}`
      const now = performance.now()
      const held = quiet.get(subject)
      if (held !== undefined && now < held.until) {
        held.suppressed++
        return
      }
      quiet.set(subject, { until: now + quietMs, suppressed: 0 })
      const suppressed = held?.suppressed ? { suppressed: held.suppressed } : {}
      logger[level]({ event: name, ...fields, ...suppressed }, message)
    }),
  )
  return () => {
    for (const stop of stops) stop()
  }
}

function fieldsOf(event: EventMap[EventName], keys: 'hidden' | 'plain' | 'none'): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(event) as [string, unknown][]) {
    if (typeof value === 'function' || value === undefined) continue
    // What loggers make of an `Error` under another name than `err` is an empty object.
    if (name === 'error') fields['err'] = value
    else fields[name] = name === 'tags' && Array.isArray(value) && keys !== 'plain' ? value.length : value
  }
  if ('key' in event && keys !== 'none')
    fields['key'] = keys === 'plain' ? event.key() : hiddenKey(event.key())
  return fields
}
