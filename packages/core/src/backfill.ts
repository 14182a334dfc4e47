import type { Chain } from './chain.ts'
import type { SealKey } from './encryption.ts'
import type { LocalEntry } from './entry.ts'
import { slotsOf } from './fence.ts'
import type { Flight, Landing } from './flight.ts'
import type { Payload } from './frames.ts'
import { clamped, makeEntry, ttlLeft } from './freshness.ts'
import type { EntryParts, Life } from './freshness.ts'
import { secure } from './isolate.ts'
import type { Job } from './job.ts'
import type { Query } from './query.ts'
import { giveBack } from './remote-read.ts'
import type { Found, Place } from './remote-read.ts'
import { tally } from './stats.ts'
import { sealKeyFor } from './store-frames.ts'
import { fill } from './store-remote.ts'

/** Step 3's end: an entry found in a remote tier is written into the nearer ones, clamped to the life that remains. */
export function backfill(
  chain: Chain,
  job: Pick<Job, 'query' | 'key' | 'input' | 'options'>,
  flight: Pick<Flight, 'sequence' | 'startedAt'>,
  found: Pick<Found, 'life' | 'candidate' | 'stamp'>,
  places: readonly Place[],
  now: number = chain.clock.now(),
): Landing {
  const { query, key } = job
  const { candidate, life } = found
  const { position: from } = candidate
  const slots = slotsOf(candidate.tags)
  let isolation = backfillLocal(chain, job, flight, {
    value: candidate.value,
    life,
    stamp: found.stamp,
    tags: candidate.tags,
    slots,
    loadMs: candidate.loadMs,
    etag: candidate.etag,
    from,
    now,
  })
  if (places.length > 1) {
    const nearer = places.filter((p) => p.link.position !== from && p.fence !== undefined)
    if (nearer.length > 0)
      chain.background.run(backfillRemote(chain, query, key, found, nearer, flight.sequence))
  }
  isolation ??= secure(candidate.value, query.policy.isolation).isolation
  const clone = candidate.clone || isolation === 'clone'
  return {
    value: candidate.value,
    clone,
    slots,
    tags: candidate.tags,
    life,
    position: from,
    state: 'fresh',
    loadMs: candidate.loadMs,
    until: Number.POSITIVE_INFINITY,
    reason: 'absent',
  }
}

/** Writes an entry of a remote tier into the local ones, unless it was removed meanwhile; how its value is protected there. */
export function backfillLocal(
  chain: Chain,
  job: Pick<Job, 'query' | 'key' | 'input' | 'options'>,
  flight: Pick<Flight, 'sequence' | 'startedAt'>,
  o: Pick<EntryParts, 'value' | 'life' | 'stamp' | 'tags' | 'slots' | 'loadMs' | 'etag' | 'now'> & {
    /** Position of the tier that had it. */
    readonly from: number
  },
): LocalEntry['isolation'] | undefined {
  if (chain.locals.tiers.length === 0) return undefined
  const { query, key } = job
  const { policy } = query
  let isolation: LocalEntry['isolation'] | undefined
  const stored = chain.locals.put(
    key,
    o.from,
    (position) => {
      const ttl = policy.ttls[position] as number
      if (ttl <= 0) return undefined
      const entry = makeEntry(
        {
          value: o.value,
          input: job.input,
          life: clamped(o.life, o.now, ttl),
          soft: false,
          stamp: o.stamp,
          tags: o.tags,
          slots: o.slots,
          sequence: flight.sequence,
          loadMs: o.loadMs,
          etag: o.etag,
          vouchedAt: flight.startedAt,
          provisional: false,
          now: o.now,
        },
        policy,
      )
      isolation = entry.isolation
      return entry
    },
    job.options?.skip,
  )
  if (stored === 'stored') backfilled(chain, query, key, 0)
  return isolation
}

async function backfillRemote(
  chain: Chain,
  query: Query,
  key: string,
  found: Pick<Found, 'life' | 'candidate'>,
  nearer: readonly Place[],
  sequence: number,
): Promise<void> {
  const now = chain.clock.now()
  const { candidate } = found
  let payload: Payload
  let sealKey: SealKey | undefined
  try {
    sealKey = await sealKeyFor(chain, query, key)
    payload = chain.frames.encode(candidate.value, key, query.version, query.codec)
  } catch {
    giveBack(key, nearer)
    return
  }
  for (const place of nearer) {
    const life: Life = clamped(found.life, now, query.policy.ttls[place.link.position] as number)
    const createdAt = chain.clock.wall() - (now - life.createdAt)
    const freshFor = ttlLeft(life, life.createdAt)
    const header = {
      createdAt,
      freshFor,
      staleFor: life.staleUntil - life.freshUntil,
      errorFor: life.errorUntil - life.freshUntil,
      loadMs: candidate.loadMs,
      version: query.version,
      etag: candidate.etag,
      trace: candidate.trace,
      key,
      tags: candidate.tags,
    }
    const bytes = chain.frames.frame(payload, header, sealKey)
    const end = freshFor + Math.max(life.staleUntil, life.errorUntil) - life.freshUntil
    const outcome = await fill(chain, query, key, place, { bytes, expiresAt: createdAt + end, sequence })
    if (outcome === 'stored') backfilled(chain, query, key, place.link.position)
  }
}

function backfilled(chain: Chain, query: Query, key: string, position: number): void {
  tally(query.counters.backfills, position)
  const tier = chain.names[position] as string
  if (chain.events.on.backfill) chain.events.emit('backfill', { def: query.def, tier, key: () => key })
}
