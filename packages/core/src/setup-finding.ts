/** One thing about a server's set-up that is worth an operator's attention. */
export interface SetupFinding {
  /** Stable name, such as `maxmemory-policy`. */
  readonly check: string
  /** What was found, in one sentence. */
  readonly found: string
  /** What to change, in one sentence. */
  readonly fix: string
}
