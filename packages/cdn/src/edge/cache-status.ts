/** What a cache did with a request: RFC 9211. */
export interface Doing {
  readonly hit: boolean
  /** Why it went to the origin. */
  readonly fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'stale' | 'partial' | 'request' | undefined
  readonly status?: number | undefined
  readonly stored?: boolean | undefined
  readonly collapsed?: boolean | undefined
  /** Seconds of freshness left; negative when stale. */
  readonly ttl?: number | undefined
  readonly detail?: string | undefined
}

/** One member of `Cache-Status`. */
export function cacheStatus(name: string, doing: Doing): string {
  let text = name
  if (doing.hit) text += '; hit'
  if (doing.fwd !== undefined) text += `; fwd=${doing.fwd}`
  if (doing.status !== undefined) text += `; fwd-status=${doing.status}`
  if (doing.ttl !== undefined) text += `; ttl=${doing.ttl}`
  if (doing.stored) text += '; stored'
  if (doing.collapsed) text += '; collapsed'
  if (doing.detail !== undefined) text += `; detail=${doing.detail}`
  return text
}
