import { CacheError } from '@tierstack/cache-core'

/** The chain retries by greeting; what is said here is its `cause`. */
export function unavailable(what: string): CacheError {
  return new CacheError('TIER_UNAVAILABLE', `The Redis tier ${what}`)
}

export function closed(): CacheError {
  return new CacheError('CLOSED', 'The Redis tier is closed')
}
