/**
 * Every code that a `CacheError` can carry, with what it means. README and a test share this table.
 *
 * Loader errors are never wrapped: callers get the very object that the loader threw.
 */
export const errorCodes = {
  INVALID_OPTION: 'An option, argument or combination of options is wrong. Nothing was done.',
  INVALID_KEY: 'A key can not be used: wrong type, ill-formed Unicode, or something that has no stable text.',
  INVALID_CHAIN: 'The tiers do not form a chain: wrong order, same name twice, or a tier already in use.',
  UNENCODABLE:
    'A value would not come back the same from a remote tier. It was returned, but not stored there.',
  LOAD_TIMEOUT: 'A load ran past `timeouts.hard` and nothing stale could be served.',
  OVERLOADED: 'The loader bulkhead and its queue are full, and nothing stale could be served.',
  REMOVAL_QUEUED:
    'With `invalidation: "strict"`: a tier did not confirm the removal. It is queued and will be applied.',
  WRITE_REFUSED:
    'A `write()` could not announce itself to every tier and was refused before its commit; or the write queue did not confirm it: then it may have been taken all the same.',
  NO_SOURCE: 'The definition lacks what the call needs, such as `save` for `write(key, value)`.',
  MISSING_PEER: 'An optional package that the chosen option needs is not installed.',
  UNSUPPORTED_CLIENT: 'The given client is none of those that the tier can talk to.',
  QUEUE_UNAVAILABLE:
    'The write queue could not tell whether a write of the row is pending, and nothing stale could be served.',
  TIER_UNAVAILABLE: 'A tier can not be used just now. Reads never see this.',
  UNREPLICATED:
    'A removal was done, but fewer replicas than asked for confirmed it. It is queued and will be repeated.',
  NO_TENANT: 'A cache with tenants was used without one. Nothing was done.',
  CLOSED: 'The cache was closed.',
} as const

export type ErrorCode = keyof typeof errorCodes

/** An error of the cache itself, with a stable `code`. */
export class CacheError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'CacheError'
    this.code = code
  }
}
