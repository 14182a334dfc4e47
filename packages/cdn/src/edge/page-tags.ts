import { hash } from 'node:crypto'
import { parseList } from 'structured-headers'

import { field } from './fields.ts'
import type { Fields } from './fields.ts'

const longest = 200

/**
 * The tag of the store for a name on the wire. Kinds are kept apart, and long or odd names become hashes: no name from
 * outside is refused, and none meets another by accident.
 */
function storeTag(kind: string, name: string): string {
  const plain = name.length <= longest && name.isWellFormed()
  return plain ? `${kind}=${name}` : `${kind}~${hash('sha256', name, 'base64url')}`
}

export const wireTag = (name: string): string => storeTag('t', name)

/** Cache groups belong to one origin (RFC 9875, section 2). */
export const groupTag = (host: string, name: string): string => storeTag('g', `${host} ${name}`)

/** Names of a tag header: vendors separate them by commas or spaces. */
export function wireNames(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(/[\s,]+/).filter((name) => name !== '')
}

/** A list of strings, as `Cache-Groups` and `Cache-Group-Invalidation` are; one that isn't counts as not sent. */
export function groupNames(value: string | undefined): string[] {
  if (value === undefined) return []
  try {
    const names = parseList(value).map(([item]) => item)
    return names.every((name) => typeof name === 'string') ? names : []
  } catch {
    return []
  }
}

/** All tags by which a stored response may be purged. */
export function tagsOf(fields: Fields, tagHeaders: readonly string[], host: string): string[] {
  const tags = new Set<string>()
  for (const header of tagHeaders)
    for (const name of wireNames(field(fields, header))) tags.add(wireTag(name))
  for (const name of groupNames(field(fields, 'cache-groups'))) tags.add(groupTag(host, name))
  return [...tags]
}
