/** How an entry stands, without loading it. */
export interface Inspected<V, N extends string = string> {
  readonly value: V
  readonly tier: N
  readonly state: 'fresh' | 'stale' | 'error-only'
  /** Ms since the load began. */
  readonly age: number
  /** Ms of freshness left; negative when stale. */
  readonly ttlLeft: number
  readonly tags: readonly string[]
  readonly version: string
}
