import { seconds } from './cache-control.ts'
import type { Control } from './cache-control.ts'
import { field, firstLine } from './fields.ts'
import type { Fields } from './fields.ts'
import { parseHttpDate } from './http-date.ts'
import { heuristicStatuses } from './statuses.ts'

/** Instants of one exchange with the origin, ms since 1970. */
export interface Exchanged {
  /** When the request was sent. */
  readonly askedAt: number
  /** When the head of the answer came. */
  readonly answeredAt: number
}

/** How long a response may serve; durations in ms. */
export interface Lifetime {
  /** The instant at which its age was 0 (RFC 9111, section 4.2.3). */
  readonly bornAt: number
  /** Fresh until its age is this. */
  readonly fresh: number
  /** Told by the response itself, not guessed. */
  readonly explicit: boolean
  /** After `fresh`: served stale while it is fetched anew (RFC 5861, section 3). */
  readonly swr: number
  /** After `fresh`: served stale when the origin fails (RFC 5861, section 4). */
  readonly staleIfError: number
}

export interface LifetimeRules {
  /** Longest life that is guessed from `Last-Modified`; 0 for none. */
  readonly heuristic: number
  /** Window of responses that say nothing about errors and don't forbid it. */
  readonly staleIfError: number
}

export function lifetimeOf(
  status: number,
  fields: Fields,
  control: Control,
  exchanged: Exchanged,
  rules: LifetimeRules,
): Lifetime {
  const { answeredAt, askedAt } = exchanged
  const date = parseHttpDate(firstLine(fields, 'date') ?? '', answeredAt)
  const apparent = date === undefined ? 0 : Math.max(0, answeredAt - date)
  // Counted from when we asked: the time on the way is part of the age.
  const told = ageOf(fields) + (answeredAt - askedAt)
  const bornAt = answeredAt - Math.max(apparent, told)
  const explicit = explicitLife(fields, control, date, answeredAt)
  const fresh = explicit ?? guess(status, fields, control, date ?? answeredAt, rules.heuristic)
  // What comes stale, or mustn't be used without asking, has no life.
  const dead = mustAsk(control) || answeredAt - bornAt >= fresh
  return { bornAt, fresh: dead ? 0 : fresh, explicit: explicit !== undefined, ...windows(control, rules) }
}

/** `Age`: the first member of its first line, where that is a number. */
function ageOf(fields: Fields): number {
  const [first = ''] = (firstLine(fields, 'age') ?? '').split(',')
  return /^\s*\d+\s*$/.test(first) ? Math.min(Number(first), 2 ** 31) * 1000 : 0
}

/** Unqualified `no-cache`: never without asking the origin. */
function mustAsk(control: Control): boolean {
  return control.directives.get('no-cache') === true
}

function explicitLife(
  fields: Fields,
  { directives, targeted }: Control,
  date: number | undefined,
  answeredAt: number,
): number | undefined {
  const told = seconds(directives, 's-maxage') ?? seconds(directives, 'max-age')
  // What can't be read counts as expired: RFC 9111, section 4.2.1.
  if (told !== undefined) return told === 'invalid' ? 0 : told
  const expires = targeted ? undefined : field(fields, 'expires')
  if (expires === undefined) return undefined
  const at = parseHttpDate(expires, answeredAt)
  return at === undefined ? 0 : Math.max(0, at - (date ?? answeredAt))
}

function guess(status: number, fields: Fields, control: Control, date: number, most: number): number {
  if (most === 0 || !(heuristicStatuses.has(status) || control.directives.has('public'))) return 0
  const modified = parseHttpDate(firstLine(fields, 'last-modified') ?? '', date)
  if (modified === undefined) return 0
  return Math.max(0, Math.min((date - modified) / 10, most))
}

function windows({ directives }: Control, rules: LifetimeRules): { swr: number; staleIfError: number } {
  const forbidden =
    directives.has('must-revalidate') ||
    directives.has('proxy-revalidate') ||
    directives.get('no-cache') === true
  if (forbidden) return { swr: 0, staleIfError: 0 }
  const swr = seconds(directives, 'stale-while-revalidate')
  const error = seconds(directives, 'stale-if-error')
  // `s-maxage` has the meaning of `proxy-revalidate` for what isn't said: RFC 9111, section 5.2.2.10.
  const unsaid = directives.has('s-maxage') ? 0 : rules.staleIfError
  return {
    swr: typeof swr === 'number' ? swr : 0,
    staleIfError: typeof error === 'number' ? error : unsaid,
  }
}
