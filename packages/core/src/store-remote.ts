import type { Chain } from './chain.ts'
import { isPromise } from './maybe-promise.ts'
import type { Query } from './query.ts'
import { refused, reportFenced } from './refused.ts'
import type { RemoteLink } from './remote-link.ts'
import type { Place } from './remote-read.ts'
import { prepare } from './store-frames.ts'
import type { Ready, Stored } from './store-frames.ts'
import type { FrameWrite, WriteOutcome } from './stored-frame.ts'
import type { TagMoment } from './tag-stamps.ts'

const removalTimeout = 500

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
  const stamping = chain.tags.stamps(o.tags, o.moment)
  const preparing = prepare(chain, query, stored, open, isPromise(stamping) ? await stamping : stamping)
  const ready = isPromise(preparing) ? await preparing : preparing
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

export async function fill(
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
 * more after the write, which is taken back when a removal overtook it, or when nobody knows whether it was done. Until
 * then nobody here reads what it may have left.
 */
async function writeUnfenced(
  chain: Chain,
  link: RemoteLink,
  item: FrameWrite,
  sequence: number,
): Promise<WriteOutcome> {
  const { key } = item
  const settled = link.keepAway(key)
  try {
    const outcome = await link.write(item)
    if (!chain.fence.keyRemoved(key, sequence)) return outcome
    await link.forget(key, removalTimeout)
    return 'fenced'
  } catch (error) {
    await link.forget(key, removalTimeout)
    throw error
  } finally {
    settled()
  }
}
