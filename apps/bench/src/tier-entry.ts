import type { LocalEntry } from '@tierstack/cache-core'

const none: readonly never[] = []

/** An entry as the chain makes one. */
export function entryOf(key: number): LocalEntry {
  return {
    value: key,
    input: key,
    createdAt: 0,
    freshUntil: 3_600_000,
    staleUntil: 3_600_000,
    errorUntil: 3_600_000,
    quickUntil: 3_600_000,
    soft: false,
    stamp: '',
    tags: none,
    slots: none,
    seen: 0,
    loadMs: 0,
    etag: undefined,
    vouchedAt: 0,
    provisional: false,
    usedAt: 0,
    idleTtl: Number.POSITIVE_INFINITY,
    isolation: 'frozen',
    bytes: 8,
  }
}
