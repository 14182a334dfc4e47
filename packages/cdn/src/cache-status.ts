import type { EntryRead } from '@tierstack/cache-core'

/**
 * What our tiers did for a response (RFC 9211): a hit when all that was read was there, with the tiers that had it as
 * the detail. The member nearest the origin comes first, and edges append theirs.
 */
export function cacheStatus(reads: readonly EntryRead[], ttl: number): string {
  if (reads.length === 0) return 'tierstack; fwd=bypass'
  const tiers: string[] = []
  for (const { tier } of reads) {
    if (tier === undefined) return ttl > 0 ? 'tierstack; fwd=miss; stored' : 'tierstack; fwd=miss'
    if (!tiers.includes(tier)) tiers.push(tier)
  }
  return `tierstack; hit; ttl=${ttl}; detail="${tiers.join(' ')}"`
}
