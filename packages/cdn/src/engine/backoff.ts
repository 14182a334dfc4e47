const first = 200
const longest = 60_000

/**
 * Full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015): anywhere between nothing and twice as
 * long as the last time, so that many who failed together don't come back together.
 */
export function backoff(attempt: number, most: number, random: () => number): number {
  const ceiling = Math.min(longest, most, first * 2 ** Math.min(attempt, 20))
  return Math.max(20, Math.floor(ceiling * random()))
}

/** Ms that a `Retry-After` asks for: seconds, or an HTTP date (RFC 9110 section 10.2.3). Undefined when it says nothing. */
export function retryAfter(value: string | null, wall: number): number | undefined {
  if (value === null) return undefined
  const text = value.trim()
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, 3_600_000)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - wall), 3_600_000)
}
