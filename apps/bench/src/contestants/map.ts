import type { Contestant } from '../contestant.ts'

/** No bound, no expiry: what a look-up costs at least. */
export function map(): Contestant {
  const values = new Map<string, unknown>()
  return {
    name: 'Map',
    version: process.version,
    store: (key, value) => void values.set(key, value),
    reads: {
      sync: { kind: 'sync', read: (key) => values.get(key) },
      awaited: { kind: 'async', read: (key) => Promise.resolve(values.get(key)) },
    },
    close: () => values.clear(),
  }
}
