import type { Defined, DefinitionStats } from '@tierstack/cache-core'
import { duration, percent } from './advice.ts'
import type { Advice, Reloads } from './advice.ts'
import { rawKeys } from './names.ts'

/** Below this many reads or loads, chance decides. */
export const leastReads = 100
const leastReloads = 20
const lowHitRate = 0.5
const large = 64 * 1024
const veryLarge = 1024 ** 2

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0)

/** What the counters of one definition say. */
export function adviseDefinition(
  name: string,
  stats: DefinitionStats,
  defined: Defined | undefined,
  reloads: Reloads,
): Advice[] {
  const of = (kind: Advice['kind'], found: string, fix: string, figures: Advice['figures']): Advice => ({
    kind,
    definition: name || rawKeys,
    tier: undefined,
    found,
    fix,
    figures,
  })
  return [...hitRate(stats, of), ...ttl(defined, reloads, of), ...size(stats, of), ...saved(stats, of)]
}

type Of = (kind: Advice['kind'], found: string, fix: string, figures: Advice['figures']) => Advice

function hitRate(stats: DefinitionStats, of: Of): Advice[] {
  const hits = sum(stats.hits) + stats.stale
  const reads = hits + stats.misses
  if (hits === 0 && stats.stored >= leastReloads) {
    const fix = 'Do not cache it: storing costs, and nobody comes back.'
    return [
      of('never-hit', `${stats.stored} values were stored, and none was ever read again`, fix, {
        reads,
        stored: stats.stored,
      }),
    ]
  }
  if (reads < leastReads || hits / reads >= lowHitRate) return []
  const rate = hits / reads
  const expired = stats.missesBy.expired + stats.missesBy.invalidated
  const fix =
    expired > stats.misses / 2
      ? 'Most misses are entries that had expired or were removed: a longer ttl, `swr` or narrower tags would turn them into hits.'
      : 'Most misses are first reads: its keys hardly repeat. Do not cache it, or cache something coarser.'
  return [of('low-hit-rate', `only ${percent(rate)} of its reads are hits`, fix, { rate, reads })]
}

function ttl(defined: Defined | undefined, { changed, same }: Reloads, of: Of): Advice[] {
  const reloads = changed + same
  if (defined === undefined || reloads < leastReloads) return []
  const own = Math.max(...Object.values(defined.ttl))
  if (!Number.isFinite(own)) return []
  const share = changed / reloads
  // A value that had changed in a share of the looks, each at least a ttl after the last, changes this rarely.
  const interval = own / Math.max(share, 1 / reloads)
  const figures = { reloads, changed, ttlMs: own, changeIntervalMs: interval }
  if (share <= 0.1) {
    const found = `${percent(1 - share)} of its reloads after ${duration(own)} brought the same value`
    const fix = `Its values change about every ${duration(interval)} or less often: a longer ttl would save these loads.`
    return [of('ttl-too-short', found, fix, figures)]
  }
  if (share >= 0.9) {
    const found = `${percent(share)} of its reloads after ${duration(own)} brought another value`
    const fix = 'Readers got old values before: shorten the ttl, or invalidate when the source changes.'
    return [of('ttl-too-long', found, fix, figures)]
  }
  return []
}

function size(stats: DefinitionStats, of: Of): Advice[] {
  const mean = stats.stored === 0 ? 0 : stats.storedBytes / stats.stored
  const { largestBytes, refused } = stats
  if (mean < large && largestBytes < veryLarge && refused === 0) return []
  const found =
    refused > 0
      ? `${refused} of its values were too large or not encodable, and not stored in some tier`
      : `its values take ${Math.round(mean / 1024)} KiB on average, the largest ${Math.round(largestBytes / 1024)} KiB`
  const fix = 'Select fewer columns, split it, or compress it.'
  return [of('oversized', found, fix, { mean, largestBytes, refused })]
}

function saved({ savedMs, loadMs, loads }: DefinitionStats, of: Of): Advice[] {
  if (savedMs < 1_000) return []
  const found = `its hits saved the source ${duration(savedMs)} of loading, while ${loads} loads took ${duration(loadMs)}`
  return [of('source-saved', found, '', { savedMs, loadMs })]
}
