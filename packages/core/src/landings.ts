import type { Candidate } from './candidate.ts'
import type { Chain } from './chain.ts'
import type { LocalEntry } from './entry.ts'
import { tagSlot } from './fence.ts'
import type { Landing } from './flight.ts'
import { softened } from './freshness.ts'

/** An entry of a local tier that isn't fresh, as an answer where none is better. */
export function fromLocal(chain: Chain, entry: LocalEntry, position: number, now: number): Candidate {
  const silent = now >= chain.live.until || entry.provisional
  return {
    value: entry.value,
    life: entry.soft ? softened(entry, now) : entry,
    position,
    loadMs: entry.loadMs,
    etag: entry.etag,
    tags: entry.tags,
    clone: entry.isolation === 'clone',
    vouchedUntil: silent ? entry.vouchedAt + chain.suspectTtl : Number.POSITIVE_INFINITY,
  }
}

/** Whoever waits is given something stale; nobody who comes at `until` or later may join that. */
export function staleLanding(candidate: Candidate, until: number): Landing {
  return {
    value: candidate.value,
    clone: candidate.clone,
    slots: candidate.tags.map(({ tag }) => tagSlot(tag)),
    tags: candidate.tags,
    life: candidate.life,
    position: candidate.position,
    state: 'stale',
    loadMs: candidate.loadMs,
    until: Math.min(until, candidate.vouchedUntil ?? until),
    reason: 'absent',
  }
}

/** There is no value, and nobody to load it. */
export const nothing: Landing = {
  value: undefined,
  clone: false,
  slots: [],
  tags: [],
  life: undefined,
  position: -1,
  state: 'nothing',
  loadMs: 0,
  until: Number.POSITIVE_INFINITY,
  reason: 'absent',
}
