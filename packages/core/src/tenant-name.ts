/*
 * A tenant is a path of its own in front of everything: keys and tags of tenant `acme` begin with `@acme/`. Names of
 * namespaces and definitions can't contain `@`, and encoded names no `/`.
 */

/** The tenant of a key; empty when it has none. */
export function tenantOf(key: string): string {
  if (key.charCodeAt(0) !== 0x40) return ''
  try {
    return decodeURIComponent(key.slice(1, key.indexOf('/')))
  } catch {
    return ''
  }
}
