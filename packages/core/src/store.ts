import type { Chain } from './chain.ts'
import type { LocalEntry, TagStamp } from './entry.ts'
import type { SealKey } from './encryption.ts'
import { CacheError } from './errors.ts'
import { slotsOf } from './fence.ts'
import type { Flight, Landing } from './flight.ts'
import { clamped, lifeOf, makeEntry, ttlLeft, ttlsOf } from './freshness.ts'
import type { Life } from './freshness.ts'
import type { Payload } from './frames.ts'
import { secure } from './isolate.ts'
import { isPromise } from './maybe-promise.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Loaded } from './load.ts'
import type { Query } from './query.ts'
import type { Job } from './job.ts'
import { giveBack } from './remote-read.ts'
import type { Found, Place } from './remote-read.ts'
import type { Reason } from './events.ts'
import { tally, tallySize } from './stats.ts'
import { tagsIn } from './tags.ts'
import type { TagMoment } from './tag-book.ts'
import { marksOf } from './tag-marks.ts'
import type { RemoteLink } from './remote-link.ts'
import type { FrameWrite, WriteOutcome } from './tier.ts'

const removalTimeout = 500

/** Step 7 after a load: local tiers under the fence, readers answered, remote tiers with their leases. */
export async function store(
  chain: Chain,
  o: {
    readonly job: Job
    readonly flight: Flight
    readonly loaded: Loaded
    readonly reason: Reason
    readonly moment: TagMoment
    /** When the load began, on `clock.now()`. */
    readonly beganAt: number
    /** Fence sequence from which removals concern the value. */
    readonly sequence: number
    readonly places: readonly Place[]
    readonly leave: () => void
    /** The load, where it was traced. */
    readonly trace: string | undefined
  },
): Promise<void> {
  const { job, flight, loaded, places } = o
  const { key, input } = job
  const query =
    loaded.windows === undefined
      ? job.query
      : { ...job.query, policy: { ...job.query.policy, ...loaded.windows } }
  chain.failures.forget(key)
  const tags = loaded.value === undefined ? [] : tagsOf(chain, query, key, input, loaded)
  const { bare, slots } = marksOf(tags)
  // Also when it isn't stored: those who waited for the load share it.
  const { isolation } = secure(loaded.value, query.policy.isolation)
  const landing = (life: Life | undefined): Landing => ({
    value: loaded.value,
    clone: isolation === 'clone',
    slots,
    tags: bare,
    life,
    position: -1,
    state: 'loaded',
    loadMs: loaded.ms,
    until: Number.POSITIVE_INFINITY,
    reason: o.reason,
  })
  const written = places.some((place) => place.blocked)
  if (loaded.skip || lagging(chain, key, slots, o.beganAt) || written) {
    o.leave()
    flight.end(landing(undefined))
    giveBack(key, places)
    return
  }
  const ttls = ttlsOf(query.policy, loaded.value, loaded.ttl, chain.random)
  const stored = putLocal(chain, query, key, loaded.value, {
    input,
    ttls,
    createdAt: o.beganAt,
    sequence: o.sequence,
    tags,
    loadMs: loaded.ms,
    etag: loaded.etag,
    provisional: chain.links.some(
      (link) => link.coherence !== undefined && !places.some((place) => place.link === link),
    ),
    skip: job.options?.skip,
  })
  if (stored === 'fenced') reportFenced(chain, query, key, 0)
  const landed = () => {
    o.leave()
    const longest = Math.max(...ttls)
    const kept = stored !== 'fenced' && longest > 0
    flight.end(landing(kept ? lifeOf(query.policy, o.beganAt, longest) : undefined))
  }
  if (places.length === 0) {
    landed()
    return
  }
  const work = storeRemote(chain, query, key, {
    value: loaded.value,
    ttls,
    beganAt: o.beganAt,
    tags,
    moment: o.moment,
    sequence: o.sequence,
    loadMs: loaded.ms,
    etag: loaded.etag,
    places,
    trace: o.trace,
  })
  if (query.policy.writes === 'await') await work
  landed()
  await work
}

/** Was something removed so shortly before a load began that a replica may have given it the old row? */
export function lagging(chain: Chain, key: string, slots: readonly number[], beganAt: number): boolean {
  return chain.replicaLag > 0 && beganAt - chain.fence.lastRemoval(key, slots) < chain.replicaLag
}

function tagsOf(chain: Chain, query: Query, key: string, input: unknown, loaded: Loaded): readonly string[] {
  const computed = query.tagsOf?.(loaded.value, input) ?? []
  if (computed.length === 0 && loaded.tags.length === 0) return query.tagsBefore(key)
  return [...new Set([...query.tagsBefore(key), ...computed, ...tagsIn(chain, query.path, loaded.tags)])]
}

/** Writes a value into the local tiers, each with its own ttl. */
export function putLocal(
  chain: Chain,
  query: Query,
  key: string,
  value: unknown,
  o: {
    readonly input: unknown
    readonly ttls: readonly number[]
    readonly createdAt: number
    readonly sequence: number
    readonly tags: readonly string[]
    readonly loadMs: number
    readonly etag: string | undefined
    /** A shared tier couldn't be asked whether the key is being written. */
    readonly provisional: boolean
    readonly skip?: readonly string[] | undefined
  },
): 'stored' | 'fenced' | 'none' {
  const now = chain.clock.now()
  const { bare, slots } = marksOf(o.tags)
  return chain.locals.put(
    key,
    Number.POSITIVE_INFINITY,
    (position) => {
      const ttl = o.ttls[position] as number
      if (ttl <= 0) return undefined
      const life = lifeOf(query.policy, o.createdAt, ttl)
      const { sequence, loadMs, etag } = o
      const parts = {
        value,
        input: o.input,
        life,
        soft: false,
        stamp: '',
        tags: bare,
        slots,
        sequence,
        loadMs,
        etag,
        vouchedAt: o.createdAt,
        provisional: o.provisional,
        now,
      }
      const entry = makeEntry(parts, query.policy)
      if (position === 0 && chain.links.length === 0) tallySize(query.counters, entry.bytes)
      return entry
    },
    o.skip,
  )
}

/** A value on its way into the remote tiers, with the right to store it there. */
export interface Stored {
  readonly key: string
  readonly value: unknown
  readonly ttls: readonly number[]
  readonly beganAt: number
  readonly tags: readonly string[]
  /** Fence sequence when the work on the value began. */
  readonly sequence: number
  readonly loadMs: number
  readonly etag: string | undefined
  readonly places: readonly Place[]
  readonly trace?: string | undefined
}

/** Writes a value into the remote tiers, far → near, presenting the fences. Never rejects. */
export async function storeRemote(
  chain: Chain,
  query: Query,
  key: string,
  o: Omit<Stored, 'key'> & { readonly moment: TagMoment },
): Promise<readonly { readonly place: Place; readonly outcome: WriteOutcome | 'failed' }[]> {
  const open = o.places.filter((place) => place.fence !== undefined)
  if (open.length === 0) return []
  const stored = { ...o, key }
  const ready = await prepare(chain, query, stored, open, await chain.tags.stamps(o.tags, o.moment))
  if (ready === undefined) return open.map((place) => ({ place, outcome: 'failed' }))
  const outcomes: { place: Place; outcome: WriteOutcome | 'failed' }[] = []
  for (const one of ready) {
    const outcome = await fill(chain, query, key, one.place, { ...one, sequence: o.sequence })
    if (outcome === 'fenced') {
      // Somebody removed the key since: our local copy is the old value too.
      chain.locals.withdraw(key, o.beganAt)
    }
    outcomes.push({ place: one.place, outcome })
  }
  return outcomes
}

/** As `storeRemote` for many values of one moment: one batch per tier. Never rejects. */
export async function storeRemoteMany(
  chain: Chain,
  query: Query,
  values: readonly Stored[],
  moment: TagMoment,
  timeout: number,
): Promise<void> {
  const stamps = await chain.tags.stampsMany(
    values.map(({ tags }) => tags),
    moment,
  )
  const byLink = new Map<RemoteLink, Filling[]>()
  for (const [i, stored] of values.entries()) {
    const open = stored.places.filter((place) => place.fence !== undefined)
    if (open.length === 0) continue
    const preparing = prepare(chain, query, stored, open, stamps[i])
    const ready = isPromise(preparing) ? await preparing : preparing
    for (const one of ready ?? []) {
      const { link } = one.place
      const filling = byLink.get(link)
      if (filling) filling.push({ ...one, stored })
      else byLink.set(link, [{ ...one, stored }])
    }
  }
  for (const link of chain.links.toReversed()) {
    await fillMany(chain, query, link, byLink.get(link) ?? [], timeout)
  }
}

interface Filling extends Ready {
  readonly stored: Stored
}

async function fillMany(
  chain: Chain,
  query: Query,
  link: RemoteLink,
  fillings: readonly Filling[],
  timeout: number,
): Promise<void> {
  if (link.coherence === undefined) {
    for (const { stored, ...one } of fillings) {
      await fill(chain, query, stored.key, one.place, { ...one, sequence: stored.sequence })
    }
    return
  }
  const open: Filling[] = []
  const items: (FrameWrite & { readonly fence: string })[] = []
  for (const one of fillings) {
    const { place, bytes, expiresAt, stored } = one
    const { key, sequence } = stored
    const fence = place.fence as string
    if (refusal(chain, query, key, place, { bytes, sequence }) !== undefined) continue
    open.push(one)
    items.push({ key, bytes, expiresAt, fence })
  }
  if (items.length === 0) return
  let outcomes: readonly WriteOutcome[]
  try {
    outcomes = await link.storeMany(items, timeout)
  } catch {
    // The link has counted and reported it; the leases lapse.
    return
  }
  for (const [i, { stored }] of open.entries()) {
    if (outcomes[i] === 'too-large') refused(chain, query, stored.key, link.position, 'too-large', undefined)
    if (outcomes[i] !== 'fenced') continue
    reportFenced(chain, query, stored.key, link.position)
    chain.locals.withdraw(stored.key, stored.beganAt)
  }
}

/** A frame on its way to one tier. */
interface Ready {
  readonly place: Place
  readonly bytes: Uint8Array
  readonly expiresAt: number
}

/** The frames of a value for the tiers that gave a fence, far → near; undefined when it mustn't be stored. */
function prepare(
  chain: Chain,
  query: Query,
  o: Stored,
  open: readonly Place[],
  stamps: readonly TagStamp[] | undefined,
): MaybePromise<readonly Ready[] | undefined> {
  const { key } = o
  const giveUp = (error: unknown): undefined => {
    giveBack(key, open)
    for (const { link } of open) {
      if (error instanceof StaleTags) reportFenced(chain, query, key, link.position)
      else if (error instanceof NoKey) refused(chain, query, key, link.position, 'unsealed', error.cause)
      else refused(chain, query, key, link.position, 'unencodable', error)
    }
  }
  const sealed = (sealKey: SealKey | undefined): readonly Ready[] | undefined => {
    try {
      // The second look is for tiers that can't tell when a tag was invalidated: what this process did, it knows.
      if (stamps === undefined || chain.fence.tagsRemovedAt(marksOf(o.tags).slots) > o.sequence)
        throw new StaleTags()
      const payload = chain.frames.encode(o.value, key, query.version, query.codec)
      return framesFor(chain, query, o, open, { payload, stamps, sealKey })
    } catch (error) {
      return giveUp(error)
    }
  }
  try {
    const sealKey = chain.frames.sealKey(key, query.sensitive)
    if (!isPromise(sealKey)) return sealed(sealKey)
    return sealKey.then(sealed, (cause: unknown) => giveUp(new NoKey('', { cause })))
  } catch (cause) {
    return giveUp(new NoKey('', { cause }))
  }
}

function framesFor(
  chain: Chain,
  query: Query,
  o: Stored,
  open: readonly Place[],
  made: {
    readonly payload: Payload
    readonly stamps: readonly TagStamp[]
    readonly sealKey: SealKey | undefined
  },
): readonly Ready[] {
  const { key } = o
  const createdAt = chain.clock.wall() - (chain.clock.now() - o.beganAt)
  const { swr, staleIfError } = query.policy
  const ready: Ready[] = []
  for (const place of open.toReversed()) {
    const ttl = o.ttls[place.link.position] as number
    if (ttl <= 0) {
      giveBack(key, [place])
      continue
    }
    const header = {
      createdAt,
      freshFor: ttl,
      staleFor: swr,
      errorFor: staleIfError,
      loadMs: o.loadMs,
      version: query.version,
      etag: o.etag,
      trace: o.trace,
      key,
      tags: made.stamps,
    }
    const bytes = chain.frames.frame(made.payload, header, made.sealKey)
    if (place === open.at(-1)) tallySize(query.counters, bytes.length)
    ready.push({ place, bytes, expiresAt: createdAt + ttl + Math.max(swr, staleIfError) })
  }
  return ready
}

class StaleTags extends Error {}
class NoKey extends Error {}

/** What seals the frames of a key. Throws `NoKey` when they must be sealed and can't be. */
async function sealKeyFor(chain: Chain, query: Query, key: string): Promise<SealKey | undefined> {
  try {
    const sealKey = chain.frames.sealKey(key, query.sensitive)
    return isPromise(sealKey) ? await sealKey : sealKey
  } catch (cause) {
    throw new NoKey('', { cause })
  }
}

/** Why a frame isn't sent at all; undefined when it may be. The fence is used up either way. */
function refusal(
  chain: Chain,
  query: Query,
  key: string,
  place: Place,
  o: { readonly bytes: Uint8Array; readonly sequence: number },
): WriteOutcome | 'failed' | undefined {
  const { link } = place
  const fence = place.fence as string
  place.fence = undefined
  if (!link.usable(key)) return 'failed'
  if (link.coherence === undefined && chain.fence.keyRemoved(key, o.sequence)) {
    reportFenced(chain, query, key, link.position)
    return 'fenced'
  }
  if (o.bytes.length > link.tier.capabilities.maxValueBytes) {
    if (link.coherence) void link.release(key, fence)
    refused(chain, query, key, link.position, 'too-large', undefined)
    return 'too-large'
  }
  return undefined
}

async function fill(
  chain: Chain,
  query: Query,
  key: string,
  place: Place,
  o: { readonly bytes: Uint8Array; readonly expiresAt: number; readonly sequence: number },
): Promise<WriteOutcome | 'failed'> {
  const { link } = place
  const { bytes, expiresAt } = o
  const fence = place.fence as string
  const why = refusal(chain, query, key, place, o)
  if (why !== undefined) return why
  try {
    const outcome = link.coherence
      ? await link.store({ key, bytes, expiresAt, fence })
      : await writeUnfenced(chain, link, { key, bytes, expiresAt }, o.sequence)
    if (outcome === 'fenced') reportFenced(chain, query, key, link.position)
    if (outcome === 'too-large') refused(chain, query, key, link.position, 'too-large', undefined)
    return outcome
  } catch {
    // The link has counted and reported it; the lease lapses.
    return 'failed'
  }
}

/**
 * A tier without compare-and-set takes any write, so the process' own fence has to do: looked at before, and once
 * more after the write, which is taken back when a removal overtook it.
 */
async function writeUnfenced(
  chain: Chain,
  link: RemoteLink,
  item: FrameWrite,
  sequence: number,
): Promise<WriteOutcome> {
  const outcome = await link.write(item)
  if (!chain.fence.keyRemoved(item.key, sequence)) return outcome
  const { key } = item
  await link.remove(
    () => link.tier.delete([key]),
    removalTimeout,
    (journal) => journal.addKeys([key], false),
  )
  return 'fenced'
}

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
  const { policy } = query
  let isolation: LocalEntry['isolation'] | undefined
  const slots = slotsOf(candidate.tags)
  const stored = chain.locals.put(
    key,
    from,
    (position) => {
      const ttl = policy.ttls[position] as number
      if (ttl <= 0) return undefined
      const entry = makeEntry(
        {
          value: candidate.value,
          input: job.input,
          life: clamped(life, now, ttl),
          soft: false,
          stamp: found.stamp,
          tags: candidate.tags,
          slots,
          sequence: flight.sequence,
          loadMs: candidate.loadMs,
          etag: candidate.etag,
          vouchedAt: flight.startedAt,
          provisional: false,
          now,
        },
        policy,
      )
      isolation = entry.isolation
      return entry
    },
    job.options?.skip,
  )
  if (stored === 'stored') backfilled(chain, query, key, 0)
  if (places.length > 1) {
    const nearer = places.filter((p) => p.link.position !== from && p.fence !== undefined)
    if (nearer.length > 0)
      chain.background.run(backfillRemote(chain, query, key, found, nearer, flight.sequence))
  }
  isolation ??= secure(candidate.value, policy.isolation).isolation
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

export function reportFenced(chain: Chain, query: Query, key: string, position: number): void {
  tally(query.counters.fenced, position)
  const tier = chain.names[position] as string
  if (chain.events.on.fenced) chain.events.emit('fenced', { def: query.def, tier, key: () => key })
}

export function refused(
  chain: Chain,
  query: Query,
  key: string,
  position: number,
  why: 'too-large' | 'unencodable' | 'unsealed',
  error: unknown,
): void {
  tally(query.counters.refused, position)
  const tier = chain.names[position] as string
  const cause =
    error ??
    new CacheError('INVALID_OPTION', `the frame is larger than \`maxValueBytes\` of tier \`${tier}\``)
  if (chain.events.on.refused) {
    chain.events.emit('refused', { def: query.def, tier, why, error: cause, key: () => key })
  }
}
