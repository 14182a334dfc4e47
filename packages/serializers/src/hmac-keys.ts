import { createHmac, createSecretKey } from 'node:crypto'
import { checkKeys } from '@tierstack/cache-core'
import type { KeyHash } from '@tierstack/cache-core'
import { secretBytes } from './secret.ts'
import type { SecretKey } from './secret.ts'

export interface HmacKeysOptions {
  /** 32 random bytes, or their base64 or base64url text; another one than those that encrypt. */
  readonly secret: SecretKey['secret']
}

/** Of the 32 bytes of an HMAC-SHA-256: a million million names meet with a chance of 2^-113. */
const bytesKept = 24
/** Names remembered at most twice that often: hashing one takes longer than a hit in memory. */
const generation = 10_000

/**
 * HMAC-SHA-256 (RFC 2104), cut to 192 bits, for the option `keyHash` of a cache: who sees the names without the secret
 * can neither read them nor try out identifiers. The same identifier has the same hash for as long as the secret is.
 *
 * @example
 * createCache({ namespace: 'shop', tiers, keyHash: hmacKeys({ secret: process.env.CACHE_KEY_NAMES }) })
 */
export function hmacKeys(options: HmacKeysOptions): KeyHash {
  checkKeys('hmacKeys options', options, ['secret'])
  const key = createSecretKey(secretBytes('hmacKeys', { id: 'hmac', secret: options.secret }))
  let young = new Map<string, string>()
  let old = new Map<string, string>()
  return Object.freeze({
    hash(text: string): string {
      const known = young.get(text)
      if (known !== undefined) return known
      const hash = old.get(text) ?? hashed(text)
      if (young.size >= generation) {
        old = young
        young = new Map()
      }
      young.set(text, hash)
      return hash
    },
  })

  function hashed(text: string): string {
    return createHmac('sha256', key).update(text).digest().toString('base64url', 0, bytesKept)
  }
}
