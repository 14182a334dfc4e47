import type { Fields } from './fields.ts'

/** How many `Host` fields there are: more than one is a request that two programs may read differently. */
export function hostsOf(fields: Fields): number {
  let hosts = 0
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts
}

/** The one host of a request that has no body; undefined where somebody must look closer. */
export function plainHost(fields: Fields): string | undefined {
  let host: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break
        if (host !== undefined) return undefined
        host = fields[i + 1]
        break
      case 14:
        if (name.toLowerCase() === 'content-length') return undefined
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') return undefined
        break
      default:
    }
  }
  return host
}

/** Neither a range nor a condition. */
export function isPlain(fields: Fields): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (name.length === 5 && name.toLowerCase() === 'range') return false
    if (name.length > 7 && (name[0] === 'i' || name[0] === 'I') && name[2] === '-') return false
  }
  return true
}
