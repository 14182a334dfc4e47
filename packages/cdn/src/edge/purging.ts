import type { Cache } from '@tierstack/cache-core'

import { partKey, targetOf } from './cache-key.ts'
import type { Target } from './cache-key.ts'
import { field, firstLine } from './fields.ts'
import type { Fields } from './fields.ts'
import { groupNames, groupTag, wireTag } from './page-tags.ts'

/** What to forget. */
export type Purge =
  | { readonly all: true }
  | { readonly tags: readonly string[]; readonly soft?: boolean }
  | { readonly urls: readonly Pick<Target, 'key'>[]; readonly soft?: boolean }

/**
 * Forgets pages, in all processes that share the tiers. No answer whose fetch began before it is stored after it: the
 * chain fences it.
 */
export async function purge(cache: Cache, what: Purge): Promise<void> {
  if ('all' in what) await cache.clear()
  else if ('tags' in what) await cache.invalidateTags(what.tags.map(wireTag), { soft: what.soft === true })
  else {
    const keys = what.urls.flatMap(({ key }) => [key, partKey(key)])
    await (what.soft === true ? cache.expire(...keys) : cache.delete(...keys))
  }
}

/**
 * What a successful unsafe request makes invalid: its own URL, the ones that its answer names on the same host (RFC
 * 9111, section 4.4), and the cache groups that it names (RFC 9875, section 3).
 */
export async function invalidateAfter(
  cache: Cache,
  target: Target,
  status: number,
  fields: Fields,
): Promise<void> {
  if (status < 200 || status >= 400) return
  const keys = new Set([target.key, partKey(target.key)])
  for (const name of ['location', 'content-location']) {
    const other = sameHost(target, firstLine(fields, name))
    if (other !== undefined) keys.add(other.key).add(partKey(other.key))
  }
  const groups = groupNames(field(fields, 'cache-group-invalidation'))
  await Promise.all([
    cache.delete(...keys),
    groups.length > 0 ? cache.invalidateTags(groups.map((name) => groupTag(target.host, name))) : undefined,
  ])
}

/** A URL named by an answer, when it is on the same host. */
function sameHost(target: Target, reference: string | undefined): Target | undefined {
  if (reference === undefined) return undefined
  const url = URL.parse(reference, `http://${target.host}${target.path}`)
  if (url === null) return undefined
  const other = targetOf(url.host, `${url.pathname}${url.search}`)
  return other?.host === target.host ? other : undefined
}
