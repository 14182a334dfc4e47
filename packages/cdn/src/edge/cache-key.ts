import { hash } from 'node:crypto'

/** What a request is about. */
export interface Target {
  readonly host: string
  /** Path and query, as sent. */
  readonly path: string
  /** Key of the response, or of the first of its variants. */
  readonly key: string
}

const hostShape = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i
const pathShape = /^\/[!-~]*$/

/**
 * The target of a request, or `undefined` when it isn't one that a reverse proxy serves. The key is the host and the
 * path as sent: nothing is decoded or reordered, so that nobody behind us can read another URL in it.
 */
export function targetOf(host: string | undefined, url: string): Target | undefined {
  let path = url
  let authority = host
  if (!url.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url)
    if (absolute === null) return undefined
    authority = absolute[1]
    path = absolute[2]?.startsWith('/') ? absolute[2] : `/${absolute[2] ?? ''}`
  }
  if (authority === undefined || !hostShape.test(authority) || !pathShape.test(path)) return undefined
  const name = authority.toLowerCase()
  return { host: name, path, key: keyOf(name, path) }
}

/** Raw keys of the store have parts between colons; ours have none, so colons become a character no URL can hold. */
function keyOf(host: string, path: string): string {
  const key = `${host}${path}`
  return key.includes(':') ? key.replaceAll(':', '\u0001') : key
}

export function variantKey(key: string, id: string, variant: string): string {
  return `${key}\u0002${id}${hash('sha256', variant, 'base64url')}`
}

export const partKey = (key: string): string => `${key}\u0003`
