import type { LocalEntry, TagStamp } from './entry.ts'
import type { FrameHeader } from './frame.ts'
import type { Isolation } from './isolate.ts'
import { copy, secure } from './isolate.ts'
import type { ResolvedPolicy } from './policy.ts'

/** `error-only`: past swr, usable only when loading fails. */
export type Freshness = 'fresh' | 'stale' | 'error-only' | 'expired'

/** The instants of an entry in one tier; on whichever clock `createdAt` is. */
export interface Life {
  readonly createdAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly errorUntil: number
}

/** The one place that decides how fresh something is. */
export function freshness(given: Life & { readonly soft?: boolean }, now: number): Freshness {
  const life = given.soft === true ? softened(given, now) : given
  if (now < life.freshUntil) return 'fresh'
  if (now < life.staleUntil) return 'stale'
  return now < life.errorUntil ? 'error-only' : 'expired'
}

/** What never expires is fresh for this long, ms: a number, so that windows can be counted from its end. */
const forever = 1e15

/** Ms for which the entry is still fresh; negative when it isn't. */
export function ttlLeft(life: Life, now: number): number {
  const left = life.freshUntil - now
  return left > forever / 2 ? Number.POSITIVE_INFINITY : left
}

/** The life of an entry that counts as expired since some instant before `now`: only its windows are left. */
export function softened(life: Life, now: number): Life {
  const freshUntil = Math.min(life.freshUntil, now)
  return {
    createdAt: life.createdAt,
    freshUntil,
    staleUntil: freshUntil + (life.staleUntil - life.freshUntil),
    errorUntil: freshUntil + (life.errorUntil - life.freshUntil),
  }
}

/** May a stale entry be served to a reader who accepts `maxStale` ms past its ttl? Never past its windows. */
export function servable(life: Life, now: number, maxStale: number | undefined): boolean {
  if (maxStale === undefined) return now < life.staleUntil
  return now < Math.min(life.freshUntil + maxStale, Math.max(life.staleUntil, life.errorUntil))
}

/** ttl in ms of a loaded value in each tier, jitter applied: one draw per load, subtractive, so that near tiers never outlive far ones. */
export function ttlsOf(
  policy: ResolvedPolicy,
  value: unknown,
  chosen: number | undefined,
  random: () => number,
): readonly number[] {
  const jitter = policy.jitter > 0 ? 1 - policy.jitter * random() : 1
  return policy.ttls.map((own) => {
    let ttl = value === null && policy.negativeTtl !== undefined ? Math.min(policy.negativeTtl, own) : own
    if (chosen !== undefined) ttl = policy.perTier ? Math.min(chosen, own) : chosen
    return ttl * jitter
  })
}

export function lifeOf(policy: ResolvedPolicy, createdAt: number, ttl: number): Life {
  const freshUntil = createdAt + Math.min(ttl, forever)
  return {
    createdAt,
    freshUntil,
    staleUntil: freshUntil + policy.swr,
    errorUntil: freshUntil + policy.staleIfError,
  }
}

/**
 * Life of a frame on our monotonic clock. Its writer's wall clock may be off: an entry from the future counts as
 * made now, so that it can't live longer than its ttl from here on.
 */
export function lifeOfFrame(header: FrameHeader, now: number, wall: number): Life {
  const age = Math.max(0, wall - header.createdAt)
  const createdAt = now - age
  const freshUntil = createdAt + Math.min(header.freshFor, forever)
  return {
    createdAt,
    freshUntil,
    staleUntil: freshUntil + header.staleFor,
    errorUntil: freshUntil + header.errorFor,
  }
}

/** The same life, cut to `ttl` from `now` on: what a nearer tier with a shorter ttl gets. Never longer than what remains. */
export function clamped(life: Life, now: number, ttl: number): Life {
  const freshUntil = Math.min(life.freshUntil, now + ttl)
  if (freshUntil === life.freshUntil) return life
  return {
    createdAt: life.createdAt,
    freshUntil,
    staleUntil: freshUntil + (life.staleUntil - life.freshUntil),
    errorUntil: freshUntil + (life.errorUntil - life.freshUntil),
  }
}

/** Natural logarithm of the rarest draw worth looking for: XFetch can't trigger earlier than this many load times. */
const longestDraw = 14

/** Instant from which a hit must take a second look. */
function quickUntil(
  policy: ResolvedPolicy,
  life: Life,
  loadMs: number,
  isolation: LocalEntry['isolation'],
): number {
  if (isolation === 'clone' || policy.idleTtl !== Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY
  const { refreshAhead } = policy
  if (refreshAhead === false) return life.freshUntil
  if (refreshAhead === 'xfetch') return life.freshUntil - loadMs * longestDraw
  return life.createdAt + (life.freshUntil - life.createdAt) * refreshAhead
}

/** Is it time to refresh an entry that is still fresh? */
export function dueAhead(
  policy: ResolvedPolicy,
  life: Life,
  loadMs: number,
  now: number,
  random: () => number,
): boolean {
  const { refreshAhead } = policy
  if (refreshAhead === false) return false
  // XFetch: now − δ·β·ln(rand) ≥ expiry, with β = 1 and δ the time of the load.
  if (refreshAhead === 'xfetch') return now - loadMs * Math.log(1 - random()) >= life.freshUntil
  return now >= life.createdAt + (life.freshUntil - life.createdAt) * refreshAhead
}

export interface EntryParts {
  readonly value: unknown
  readonly input: unknown
  readonly life: Life
  readonly soft: boolean
  readonly stamp: string
  readonly tags: readonly TagStamp[]
  readonly slots: readonly number[]
  /** Fence sequence when the work that brought the value began. */
  readonly sequence: number
  readonly loadMs: number
  readonly etag: string | undefined
  readonly vouchedAt: number
  readonly provisional: boolean
  readonly now: number
}

/** A local entry, its value secured against its readers. */
export function makeEntry(parts: EntryParts, policy: ResolvedPolicy): LocalEntry {
  const isolated = secure(parts.value, policy.isolation satisfies Isolation)
  return {
    // The loader may keep what it returned; what can't be frozen must not be its object.
    value: isolated.isolation === 'clone' ? copy(parts.value) : parts.value,
    input: parts.input,
    createdAt: parts.life.createdAt,
    freshUntil: parts.life.freshUntil,
    staleUntil: parts.life.staleUntil,
    errorUntil: parts.life.errorUntil,
    quickUntil: parts.provisional
      ? Number.NEGATIVE_INFINITY
      : quickUntil(policy, parts.life, parts.loadMs, isolated.isolation),
    soft: parts.soft,
    stamp: parts.stamp,
    tags: parts.tags,
    slots: parts.slots,
    seen: parts.sequence,
    loadMs: parts.loadMs,
    etag: parts.etag,
    vouchedAt: parts.vouchedAt,
    provisional: parts.provisional,
    usedAt: parts.now,
    idleTtl: policy.idleTtl,
    isolation: isolated.isolation,
    bytes: isolated.bytes,
  }
}
