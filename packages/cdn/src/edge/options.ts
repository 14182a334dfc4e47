import type { RequestListener } from 'node:http'
import { checkKeys, checkOneOf, expectation, parseBytes, parseDuration } from '@tierstack/cache-core'
import type { Bytes, Clock, Duration, LocalTier, RemoteTier } from '@tierstack/cache-core'

export interface EdgeOptions {
  /** Where responses are kept, near → far: a memory tier, a shared tier behind it, or both. Belongs to the edge alone. */
  readonly tiers: readonly (LocalTier | RemoteTier)[]
  /** What is asked for what isn't kept: the URL of a server, or a request listener in this process. */
  readonly origin: string | URL | RequestListener
  /**
   * Root of the keys in shared tiers: edges with one namespace share what they keep.
   * @default 'edge'
   */
  readonly namespace?: string
  /**
   * Whether pages that were in shared tiers before this edge began may be served. What was purged while no edge ran isn't
   * known to be gone, so without it they are dropped, for all edges of the namespace. For fleets in which a purge always
   * reaches some edge.
   * @default false
   */
  readonly keepShared?: boolean
  /**
   * How the edge calls itself in `Cache-Status` and `Via`.
   * @default 'edge'
   */
  readonly name?: string
  /**
   * Hosts that are served; others get 421. `'any'`: whatever the reader says, each with pages of its own.
   * @default 'any'
   */
  readonly hosts?: readonly string[] | 'any'
  /**
   * Fields of a cacheable request that reach the origin beside those it always gets. What isn't listed can't change a
   * page that others get. `'all'`: everything.
   * @default []
   */
  readonly forward?: readonly string[] | 'all'
  /**
   * Response fields that carry purge tags; readers don't get them.
   * @default ['surrogate-key', 'cache-tag', 'xkey']
   */
  readonly tagHeaders?: readonly string[]
  /**
   * Largest body that is kept. Larger ones are streamed through.
   * @default '8mb'
   */
  readonly maxBodyBytes?: Bytes
  /**
   * Longest life guessed from `Last-Modified` for a response that tells none (RFC 9111, section 4.2.2).
   * @default 0
   */
  readonly heuristic?: Duration
  /**
   * Window for a failing origin, of responses that neither name one nor forbid it.
   * @default 0
   */
  readonly staleIfError?: Duration
  /**
   * How long a page past its life is kept, to ask the origin whether it is still current.
   * @default '1h'
   */
  readonly keep?: Duration
  /**
   * Responses with `Set-Cookie`: passed on and not kept, or kept like any other.
   * @default 'pass'
   */
  readonly setCookie?: 'pass' | 'store'
  /**
   * Longest time to the head of the origin's answer, and between two pieces of its body.
   * @default '30s'
   */
  readonly originTimeout?: Duration
  /**
   * Most requests at the origin at once; others wait.
   * @default 256
   */
  readonly originConnections?: number
  /**
   * Opens the purge endpoint to those who send it as a bearer token. At least 16 characters.
   * @default undefined
   */
  readonly purgeToken?: string | undefined
  /**
   * Source of time.
   * @default the system's
   */
  readonly clock?: Clock | undefined
}

export const optionNames: readonly (keyof EdgeOptions)[] = [
  'tiers',
  'origin',
  'namespace',
  'keepShared',
  'name',
  'hosts',
  'forward',
  'tagHeaders',
  'maxBodyBytes',
  'heuristic',
  'staleIfError',
  'keep',
  'setCookie',
  'originTimeout',
  'originConnections',
  'purgeToken',
  'clock',
]

export interface ResolvedOptions {
  readonly tiers: readonly (LocalTier | RemoteTier)[]
  readonly origin: URL | RequestListener
  readonly namespace: string
  readonly keepShared: boolean
  readonly name: string
  readonly hosts: ReadonlySet<string> | 'any'
  readonly forward: ReadonlySet<string> | 'all'
  readonly tagHeaders: readonly string[]
  readonly maxBodyBytes: number
  readonly heuristic: number
  readonly staleIfError: number
  readonly keep: number
  readonly setCookie: 'pass' | 'store'
  readonly originTimeout: number
  readonly originConnections: number
  readonly purgeToken: string | undefined
  readonly clock: Clock | undefined
}

const token = /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]{0,63}$/

export function resolveOptions(given: EdgeOptions): ResolvedOptions {
  checkKeys('edge options', given, optionNames)
  const { namespace = 'edge', name = 'edge', originConnections = 256, purgeToken } = given
  if (typeof name !== 'string' || !token.test(name))
    throw expectation('name', 'a token of at most 64 characters that begins with a letter', name)
  if (!Number.isInteger(originConnections) || originConnections < 1)
    throw expectation('originConnections', 'a positive integer', originConnections)
  if (purgeToken !== undefined && !(typeof purgeToken === 'string' && /^[!-~]{16,}$/.test(purgeToken)))
    throw expectation('purgeToken', 'at least 16 visible ASCII characters', '(not shown)')
  return Object.freeze({
    tiers: given.tiers,
    origin: originOf(given.origin),
    namespace,
    keepShared: given.keepShared === true,
    name,
    hosts: setOf('hosts', given.hosts ?? 'any', 'any'),
    forward: setOf('forward', given.forward ?? [], 'all'),
    tagHeaders: list('tagHeaders', given.tagHeaders ?? ['surrogate-key', 'cache-tag', 'xkey']),
    maxBodyBytes: parseBytes('maxBodyBytes', given.maxBodyBytes ?? '8mb'),
    heuristic: parseDuration('heuristic', given.heuristic ?? 0),
    staleIfError: parseDuration('staleIfError', given.staleIfError ?? 0),
    keep: parseDuration('keep', given.keep ?? '1h'),
    setCookie: checkOneOf('setCookie', given.setCookie ?? 'pass', ['pass', 'store']),
    originTimeout: parseDuration('originTimeout', given.originTimeout ?? '30s'),
    originConnections,
    purgeToken,
    clock: given.clock,
  })
}

function originOf(given: unknown): URL | RequestListener {
  if (typeof given === 'function') return given as RequestListener
  const url = given instanceof URL ? given : URL.parse(String(given))
  if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') return url
  throw expectation('origin', 'an http(s) URL without a path, or a request listener', given)
}

function list(what: string, given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((one) => typeof one === 'string' && one !== ''))
    return given.map((one: string) => one.toLowerCase())
  throw expectation(what, 'a list of texts', given)
}

function setOf<W extends string>(what: string, given: unknown, word: W): ReadonlySet<string> | W {
  return given === word ? word : new Set(list(what, given))
}
