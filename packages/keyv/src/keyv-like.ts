/** A `Keyv`, of version 5 or 6, as far as it is used here. Its `set` takes a relative ttl. */
export interface KeyvLike {
  readonly store: unknown
  readonly stats: unknown
  get(keys: string[]): Promise<readonly unknown[]>
  set(key: string, value: unknown, ttl?: number): Promise<unknown>
  delete(keys: string[]): Promise<unknown>
  on?(event: 'error', listener: (error: unknown) => void): unknown
  off?(event: 'error', listener: (error: unknown) => void): unknown
}

/**
 * A Keyv storage adapter, of version 5 or 6, as far as it is used here.
 *
 * Its third argument of `set` is an absolute instant when it declares `capabilities.expires`, else a relative ttl.
 */
export interface KeyvAdapterLike {
  readonly capabilities?: { readonly expires?: boolean }
  get(key: string): unknown
  set(key: string, value: never, expiry?: number): unknown
  delete(key: string): unknown
  getMany?(keys: string[]): Promise<readonly unknown[]>
  deleteMany?(keys: string[]): Promise<unknown>
  on?(event: 'error', listener: (error: unknown) => void): unknown
  off?(event: 'error', listener: (error: unknown) => void): unknown
}

/** Whether it is a whole Keyv and not an adapter. Some adapters have a `store` too, but none keeps statistics. */
export function isKeyv(store: KeyvLike | KeyvAdapterLike): store is KeyvLike {
  return 'stats' in store && 'store' in store
}

/** Whether entries can't leave this process: a `Map`, also underneath Keyv and its memory adapter. */
export function isInProcess(store: unknown): boolean {
  if (store instanceof Map) return true
  if (typeof store !== 'object' || store === null || !('store' in store)) return false
  return isInProcess(store.store)
}
