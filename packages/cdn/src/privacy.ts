/** What of a request and its response decides who may get the response. */
export interface Exchange {
  readonly method: string
  readonly status: number
  /** Request headers. */
  readonly asked: HeaderReader
  /** Response headers as the application set them. */
  readonly answered: HeaderReader
}

export interface HeaderReader {
  get(name: string): string | null
}

/** `private`: one reader only. `uncached`: anybody, but nobody may keep it. Undefined: nothing speaks against sharing. */
export interface Objection {
  readonly mode: 'private' | 'uncached'
  readonly why: string
}

const keepable = new Set([200, 203, 301, 308, 404, 410])

/** Directives by which an application says that its answer isn't for everybody. */
const reserved = /(?:^|[\s,;])(private|no-store|no-cache)(?:$|[\s,;=])/i

/** Every header by which some cache is told that it may keep a response. */
export const freshnessHeaders = [
  'cache-control',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'akamai-cache-control',
  'netlify-cdn-cache-control',
  'vercel-cdn-cache-control',
  'surrogate-control',
  'x-accel-expires',
  'edge-control',
  'expires',
  'pragma',
] as const

/**
 * Private unless proven public: what a request with credentials is answered is for its sender alone, unless the route
 * says that it looks at none; what sets a cookie always is (RFC 9111 section 7.3, and what shared caches do in fact).
 */
export function objectionTo(
  exchange: Exchange,
  anybody: boolean,
  vary: readonly string[],
): Objection | undefined {
  const { method, status, asked, answered } = exchange
  if (answered.get('set-cookie') !== null) return { mode: 'private', why: 'sets a cookie' }
  if (!anybody) {
    if (asked.get('authorization') !== null) return { mode: 'private', why: 'asked with credentials' }
    if (asked.get('cookie') !== null) return { mode: 'private', why: 'asked with a cookie' }
  }
  for (const name of freshnessHeaders) {
    const value = answered.get(name)
    if (value === null) continue
    const found = reserved.exec(value)?.[1]?.toLowerCase()
    if (found !== undefined) {
      return { mode: found === 'private' ? 'private' : 'uncached', why: `${name}: ${found}` }
    }
    if (name === 'x-accel-expires' && value.trim() === '0') return { mode: 'uncached', why: `${name}: 0` }
  }
  if (method !== 'GET' && method !== 'HEAD') return { mode: 'uncached', why: `method ${method}` }
  if (!keepable.has(status)) return { mode: 'uncached', why: `status ${status}` }
  return objectionToVary(answered.get('vary'), vary)
}

/** An edge that doesn't tell variants apart would give one reader's to another. */
function objectionToVary(given: string | null, known: readonly string[]): Objection | undefined {
  if (given === null) return undefined
  const names = given.split(',').map((part) => part.trim().toLowerCase())
  const personal = names.find((name) => name === 'cookie' || name === 'authorization')
  if (personal !== undefined) return { mode: 'private', why: `varies by ${personal}` }
  const ignored = names.some((name) => name !== '' && !known.includes(name))
  return ignored ? { mode: 'uncached', why: 'varies by what the edge ignores' } : undefined
}
