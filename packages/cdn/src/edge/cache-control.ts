import { parseDictionary } from 'structured-headers'

import { field } from './fields.ts'
import type { Fields } from './fields.ts'

/** Directives by lower-case name; `true` where a directive has no argument. */
export type Directives = ReadonlyMap<string, string | true>

const directive =
  /([^\s=,;"]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?([^,"]*(?:"(?:[^"\\]|\\.)*"[^,"]*)*)(?:,|$)/g
/** Directives that forbid, where a comma is missing before them: `max-age=60; private`. */
const astray = /(?<=^|[\s;])(?:private|no-cache|no-store)(?=$|[\s;=])/gi

/**
 * `Cache-Control` (RFC 9111, section 5.2). The first of equal directives counts, but for those that forbid: they count
 * wherever they stand, and whatever is wrong with what stands around them.
 */
function parseCacheControl(value: string | undefined): Directives {
  const directives = new Map<string, string | true>()
  if (value === undefined) return directives
  for (const [, name, quoted, bare, rest] of value.matchAll(directive)) {
    const key = (name as string).toLowerCase()
    const forbids = key === 'private' || key === 'no-cache'
    const argument = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? true
    const known = directives.get(key)
    // `private` alone forbids more than `private="a"`; what names no field forbids all.
    if (forbids && (argument === true || !/\w/.test(argument))) directives.set(key, true)
    else if (known === undefined) directives.set(key, argument)
    for (const [missed] of (rest ?? '').matchAll(astray)) directives.set(missed.toLowerCase(), true)
  }
  return directives
}

const typed = new Map<string, 'number' | 'flag'>([
  ['max-age', 'number'],
  ['s-maxage', 'number'],
  ['stale-while-revalidate', 'number'],
  ['stale-if-error', 'number'],
  ['no-store', 'flag'],
  ['no-cache', 'flag'],
  ['private', 'flag'],
  ['public', 'flag'],
  ['must-revalidate', 'flag'],
  ['proxy-revalidate', 'flag'],
  ['must-understand', 'flag'],
])

/**
 * A targeted field (RFC 9213), which is a structured dictionary: one that doesn't parse, is empty, or gives a known
 * directive a value of the wrong type counts as not sent.
 */
function parseTargeted(value: string | undefined): Directives | undefined {
  if (value === undefined) return undefined
  const directives = new Map<string, string | true>()
  try {
    for (const [key, [item]] of parseDictionary(value)) {
      const type = typed.get(key)
      if (type === 'number' && !(Number.isInteger(item) && (item as number) >= 0)) return undefined
      if (type === 'flag' && item === false) continue
      if (type === 'flag' && item !== true && !(typeof item === 'string' && /^(private|no-cache)$/.test(key)))
        return undefined
      directives.set(key, typeof item === 'number' || typeof item === 'string' ? String(item) : true)
    }
  } catch {
    return undefined
  }
  return directives.size === 0 ? undefined : directives
}

/** What a response says about its caching. `targeted`: in a field meant for CDNs, which then counts alone. */
export interface Control {
  readonly directives: Directives
  readonly targeted: boolean
}

export function controlOf(fields: Fields): Control {
  const targeted = parseTargeted(field(fields, 'cdn-cache-control'))
  if (targeted !== undefined) return { directives: targeted, targeted: true }
  return { directives: parseCacheControl(field(fields, 'cache-control')), targeted: false }
}

/** Longest age that counts, in seconds: what is larger or overflows is this (RFC 9111, section 1.2.2). */
const most = 2 ** 31

/** Argument of a directive in ms; `invalid` when it isn't a number of seconds, `undefined` when it isn't there. */
export function seconds(directives: Directives, name: string): number | 'invalid' | undefined {
  const argument = directives.get(name)
  if (argument === undefined) return undefined
  if (argument === true || !/^\d+$/.test(argument)) return 'invalid'
  return Math.min(Number(argument), most) * 1000
}
