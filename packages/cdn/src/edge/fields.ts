/** Header fields as they travel: name, value, name, value. Names keep the case in which they came. */
export type Fields = readonly string[]

/** All values of a field, its lines joined as RFC 9110, section 5.3, allows; `undefined` when there is none. */
export function field(fields: Fields, name: string): string | undefined {
  let found: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    const own = fields[i] as string
    if (own.length !== name.length || own.toLowerCase() !== name) continue
    found = found === undefined ? (fields[i + 1] as string) : `${found}, ${fields[i + 1]}`
  }
  return found
}

/** The first line of a field. */
export function firstLine(fields: Fields, name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    const own = fields[i] as string
    if (own.length === name.length && own.toLowerCase() === name) return fields[i + 1]
  }
  return undefined
}

/** The fields without those that `drop` holds, in lower case. */
export function without(fields: Fields, drop: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    if (!drop.has((fields[i] as string).toLowerCase()))
      kept.push(fields[i] as string, fields[i + 1] as string)
  }
  return kept
}

/** Members of a comma-separated list, trimmed; empty ones left out. Not for fields with quoted strings. */
export function members(value: string | undefined): string[] {
  if (value === undefined) return []
  return value
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
}

const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Fields that concern one connection only: RFC 9110, section 7.6.1, and those that `Connection` names. */
export function connectionFields(fields: Fields): Set<string> {
  const drop = new Set(hopByHop)
  for (const name of members(field(fields, 'connection'))) drop.add(name.toLowerCase())
  return drop
}
