import { expectation } from './expectation.ts'
import type { Hashing } from './key-hash.ts'
import { tagPrefixOf } from './tenant-name.ts'

const longest = 512

/** Checks tags given by the user. Ours begin with `!`. */
export function checkTags(tags: readonly string[]): readonly string[] {
  // A text is a list of its characters, and would pass.
  if (!Array.isArray(tags)) throw expectation('tags', 'a list of texts', tags)
  for (const tag of tags) {
    if (
      typeof tag === 'string' &&
      tag.length > 0 &&
      tag.length <= longest &&
      tag[0] !== '!' &&
      tag.isWellFormed()
    )
      continue
    throw expectation(
      'tags',
      `well-formed texts of 1 to ${longest} characters that don't begin with \`!\``,
      tag,
    )
  }
  return tags
}

/** Tags that the user gave at a path, as entries carry them: those of two tenants never meet. */
export function tagsIn({ keyHash }: Hashing, path: string, tags: readonly string[]): readonly string[] {
  const prefix = tagPrefixOf(path)
  if (keyHash !== undefined)
    return checkTags(tags).map((tag) => `${prefix}k:${keyHash.hash(`${prefix}\0${tag}`)}`)
  return prefix === '' ? checkTags(tags) : checkTags(tags).map((tag) => prefix + tag)
}

/** Carried by every entry of a definition: what its `clear()` invalidates. */
export const definitionTag = (path: string, label: string): string => `!d${path}#${label}`
/** Carried by every entry of a namespace. */
export const namespaceTag = (path: string): string => `!n${path}`
/** Carried by every raw key under a prefix. */
export function prefixTag({ keyHash }: Hashing, path: string, prefix: string): string {
  const named = `!p${path}=`
  return named + (keyHash === undefined ? prefix : `k${keyHash.hash(named + prefix)}`)
}
