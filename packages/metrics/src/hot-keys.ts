import type { EventMap } from '@tierstack/cache-core'

/** Whose keys are counted. */
export interface Heard {
  on<E extends 'hit' | 'miss'>(event: E, listener: (event: EventMap[E]) => void): () => void
}

export interface HotKey {
  readonly key: string
  /** Reads of the key that were seen. */
  readonly reads: number
}

export interface KeySample {
  /** The keys read most, the first the hottest. */
  readonly keys: readonly HotKey[]
  /** Reads that were seen, of all keys. */
  readonly reads: number
  readonly ms: number
}

const mostReads = 100_000
const mostKeys = 20_000

/**
 * Listens to reads for `ms`, or until 100,000 were seen, and tells the keys read most. A hit costs more while
 * somebody listens, and nothing before and after. Keys beyond the first 20,000 are left out: a hot one is among them.
 */
export async function sampleKeys(
  cache: Heard,
  ms: number,
  { most = 20, signal }: { readonly most?: number; readonly signal?: AbortSignal } = {},
): Promise<KeySample> {
  const counts = new Map<string, number>()
  const began = performance.now()
  let reads = 0
  await new Promise<void>((resolve) => {
    const stop = () => {
      stopHits()
      stopMisses()
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      resolve()
    }
    const note = (event: { key(): string }) => {
      const key = event.key()
      const count = counts.get(key)
      if (count !== undefined || counts.size < mostKeys) counts.set(key, (count ?? 0) + 1)
      if (++reads >= mostReads) stop()
    }
    const stopHits = cache.on('hit', note)
    const stopMisses = cache.on('miss', note)
    const timer = setTimeout(stop, ms)
    signal?.addEventListener('abort', stop)
  })
  const keys = [...counts]
    .map(([key, count]) => ({ key, reads: count }))
    .toSorted((a, b) => b.reads - a.reads)
    .slice(0, most)
  return { keys, reads, ms: performance.now() - began }
}
