import type {
  CacheStats,
  Defined,
  EntryByKey,
  EventMap,
  EventName,
  Explanation,
  Receipt,
  TierHealth,
} from '@tierstack/cache-core'

/** A cache as its operator sees it, whatever its keys and tiers. */
export interface Administered {
  stats(): CacheStats
  health(): Promise<Readonly<Record<string, TierHealth>>>
  definitions(): readonly Defined[]
  byKey(key: string): EntryByKey
  explain(key: string): Promise<Explanation>
  delete(...keys: string[]): Promise<Receipt>
  expire(...keys: string[]): Promise<Receipt>
  invalidateTags(tags: string | readonly string[], options?: { readonly soft?: boolean }): Promise<Receipt>
  deletePattern(pattern: string): Promise<Receipt>
  clear(): Promise<Receipt>
  on<E extends EventName>(event: E, listener: (event: EventMap[E]) => void): () => void
}
