/*
 * A tenant is a namespace of its own in front of all others: its path is `@acme`. Names of namespaces and definitions
 * can't contain `@`, and an encoded name none of the characters that may follow a path.
 */
const longest = 128

/** The path of a tenant. Different tenants, different paths. */
export function tenantPath(tenant: string): string {
  return `@${encodeURIComponent(tenant).replaceAll('~', '%7E')}`
}

/** Whether a tenant can be called so. */
export function isTenantName(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && name.length <= longest && name.isWellFormed()
}

const leading = /^@([^/#=~]*)/

/** The tenant of a key or path; empty when it has none. */
export function tenantOf(key: string): string {
  if (key.charCodeAt(0) !== 0x40) return ''
  try {
    return decodeURIComponent(leading.exec(key)?.[1] ?? '')
  } catch {
    return ''
  }
}

/** What the tags that a tenant's users give begin with: those of two tenants never meet. */
export function tagPrefixOf(path: string): string {
  return path.charCodeAt(0) === 0x40 ? `${leading.exec(path)?.[0]}/` : ''
}
