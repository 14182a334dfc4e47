import type { EdgeTier } from '@tierstack/cache-core'

/** The edge with its order of events changed: purged before the other tiers are told, as a purge made by hand is. */
export function purgedFirst(edge: EdgeTier): EdgeTier {
  return {
    kind: 'edge',
    name: edge.name,
    open: (host) => edge.open(host),
    announce: async (what) => void (await edge.purge(what)),
    purge: () => Promise.resolve('purged'),
    get pending() {
      return edge.pending
    },
    close: () => edge.close(),
  }
}
