import { createHmac, randomBytes } from 'node:crypto'

const salt = randomBytes(32)

/**
 * A key with its input replaced by a short keyed hash: equal keys look equal within this process, and nobody can try
 * out inputs against it. The definition and version, which carry no data, stay: `#user.byId@3:~4f0c2a91`.
 */
export function hiddenKey(key: string): string {
  const from = key.search(/[=~#]/)
  const path = from < 0 ? '' : key.slice(0, from)
  const definition = from >= 0 && key[from] === '#' ? key.slice(from, key.indexOf(':', from) + 1) : '='
  return `${path}${definition}~${createHmac('sha256', salt).update(key).digest('hex').slice(0, 8)}`
}
