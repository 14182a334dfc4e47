import { connectionFields } from './fields.ts'
import type { Fields } from './fields.ts'

/**
 * Reach the origin with every request: what pages are negotiated by, who asks, and whether the trace goes on. No others
 * that a page might repeat to those who get it next, such as where a reader came from.
 */
const always = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'authorization',
  'cookie',
  'dnt',
  'save-data',
  'traceparent',
  'tracestate',
  'user-agent',
])

/** Ours to say, or not meant for an origin. */
const ours = new Set([
  'host',
  'expect',
  'forwarded',
  'via',
  'cdn-loop',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-prefix',
  'x-real-ip',
])

/** Ask for a part, or only for news: those who fill a cache want the whole. */
const partial = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
])

/** No request may take these away behind our back by naming them in `Connection`. */
const protectedNames = new Set([
  'host',
  'authorization',
  'cookie',
  'cache-control',
  'content-length',
  'range',
])

export interface Forwarding {
  readonly host: string
  readonly peer: string
  readonly secure: boolean
  /** How the edge calls itself. */
  readonly name: string
}

/** Whether a request tries to strip fields that decide what it is. */
export function stripsProtected(fields: Fields): boolean {
  const dropped = connectionFields(fields)
  return [...protectedNames].some((name) => dropped.has(name))
}

/** Fields by which the origin makes a page that others may get. */
export function fillingFields(fields: Fields, listed: ReadonlySet<string> | 'all', o: Forwarding): string[] {
  return forwarded(
    fields,
    o,
    (name) => !partial.has(name) && (listed === 'all' || always.has(name) || listed.has(name)),
  )
}

/** Fields of a request whose answer is for its sender alone. */
export function passingFields(fields: Fields, o: Forwarding): string[] {
  return forwarded(fields, o, () => true)
}

function forwarded(fields: Fields, o: Forwarding, wanted: (name: string) => boolean): string[] {
  const dropped = connectionFields(fields)
  const kept: string[] = ['Host', o.host]
  let via = ''
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase()
    if (name === 'via') via = `${via}${fields[i + 1]}, `
    if (dropped.has(name) || ours.has(name) || !wanted(name)) continue
    kept.push(fields[i] as string, fields[i + 1] as string)
  }
  kept.push('Via', `${via}1.1 ${o.name}`, 'X-Forwarded-For', o.peer)
  kept.push('X-Forwarded-Host', o.host, 'X-Forwarded-Proto', o.secure ? 'https' : 'http')
  return kept
}
