import type { EdgeOptions } from '../../src/edge/index.ts'

/** Where the edge is measured with other options than its defaults, and why. */
export const conformanceProfile = {
  /** Tests tell their requests apart by fields of their own. */
  forward: 'all',
  /** A cache may keep what sets a cookie; ours doesn't unless told. */
  setCookie: 'store',
  /** Lives may be guessed; ours aren't unless told. */
  heuristic: '1d',
  /** A stale response may serve when the origin is gone; ours needs the response's consent unless told. */
  staleIfError: '1m',
} satisfies Partial<EdgeOptions>
