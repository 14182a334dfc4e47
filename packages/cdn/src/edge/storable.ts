import type { Control } from './cache-control.ts'
import { field, firstLine } from './fields.ts'
import type { Fields } from './fields.ts'
import type { Lifetime } from './lifetime.ts'
import { heuristicStatuses } from './statuses.ts'

/** What the rules look at in a request. */
export interface Asked {
  readonly path: string
  /** It carried `Authorization`. */
  readonly authorized: boolean
  /** It carried `Cookie`. */
  readonly cookies: boolean
  /** It asked for a range. */
  readonly part: boolean
}

export interface StoreRules {
  readonly setCookie: 'pass' | 'store'
}

/** Statuses whose caching rules we know, for `must-understand` (RFC 9111, section 5.2.2.3). */
const understood = new Set([...heuristicStatuses, 302, 303, 307, 400])

/** File names by which attackers make private pages look like assets, and what such a file may be. */
const assets =
  /\.(?:avif|bmp|css|csv|eot|gif|ico|jpe?g|js|mjs|mp[34]|otf|pdf|png|svgz?|ttf|txt|webm|webp|woff2?|zip)$/i
const page = /^\s*(?:$|text\/(?:html|xml|json)|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i

/**
 * Why a response may not be kept for others, or `undefined` when it may: RFC 9111, section 3. Stricter than that in
 * three points: what sets a cookie or answers a request with cookies is taken for private unless it says that it is
 * for all, and a page, JSON or what doesn't say what it is isn't kept under the name of an asset (web cache deception).
 */
export function refusal(
  asked: Asked,
  status: number,
  fields: Fields,
  control: Control,
  life: Lifetime,
  rules: StoreRules,
): string | undefined {
  const { directives } = control
  const known = directives.has('must-understand') && understood.has(status)
  if (status < 200 || status === 304 || (status === 206 && !asked.part)) return 'status'
  if (directives.has('must-understand') && !known) return 'not-understood'
  if (directives.has('no-store') && !known) return 'no-store'
  if (directives.get('private') === true) return 'private'
  if (field(fields, 'vary')?.includes('*')) return 'vary'
  const forAll = directives.has('public') || directives.has('s-maxage') || control.targeted
  if (asked.authorized && !forAll && !directives.has('must-revalidate')) return 'authorization'
  if (asked.cookies && !forAll) return 'cookie'
  if (rules.setCookie === 'pass' && firstLine(fields, 'set-cookie') !== undefined) return 'set-cookie'
  if (assets.test(asked.path) && page.test(firstLine(fields, 'content-type') ?? '')) return 'content-type'
  if (!life.explicit && !heuristicStatuses.has(status) && !directives.has('public')) return 'status'
  if (life.fresh > 0 || hasValidator(fields)) return undefined
  return life.explicit && life.swr + life.staleIfError > 0 ? undefined : 'no-lifetime'
}

export function hasValidator(fields: Fields): boolean {
  return firstLine(fields, 'etag') !== undefined || firstLine(fields, 'last-modified') !== undefined
}

/** Fields that `private="a"` and `no-cache="b"` keep out of the store (RFC 9111, sections 5.2.2.4 and 5.2.2.7). */
export function withheldFields({ directives }: Control): Set<string> {
  const names = new Set<string>()
  for (const name of ['private', 'no-cache']) {
    const argument = directives.get(name)
    if (typeof argument === 'string')
      for (const one of argument.split(',')) names.add(one.trim().toLowerCase())
  }
  return names
}
