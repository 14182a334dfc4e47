import type { Chain } from './chain.ts'
import { expectation } from './expectation.ts'
import { tagSlot } from './fence.ts'
import { ttlsOf } from './freshness.ts'
import type { Query } from './query.ts'
import { giveBack } from './remote-read.ts'
import type { Place } from './remote-read.ts'
import { dropKeys } from './drop.ts'
import { announce } from './remove.ts'
import { storeRemote } from './store-remote.ts'
import { putLocal } from './store.ts'
import type { TagMoment } from './tag-stamps.ts'

/**
 * Stores a value given by the caller. Wins over any load that is running, in every process: each remote tier is
 * taken (which voids leases and tells the others) and then filled like by a load, so that a removal which comes
 * in between wins over the `set`.
 */
export async function set(
  chain: Chain,
  query: Query,
  key: string,
  value: unknown,
  input?: unknown,
): Promise<void> {
  if (value === undefined)
    throw expectation('value', 'anything but undefined; to remove an entry use delete()', value)
  const { policy } = query
  const tags = [...new Set([...query.tagsBefore(key), ...(query.tagsOf?.(value, input) ?? [])])]
  const ttls = ttlsOf(policy, value, undefined, chain.random)
  const before = chain.fence.sequence
  await announce(chain, [key], policy)
  dropKeys(chain, [key], false)
  const places: Place[] = []
  let refused = false
  let provisional = false
  let tagClock: string | undefined
  if (chain.tags.link?.usable(key)) tagClock = await chain.tags.clock(key)
  const beganAt = chain.clock.now()
  const moment = chain.tags.moment(tagClock)
  for (const link of chain.links.toReversed()) {
    if (link.coherence === undefined) {
      if (link.usable(key)) places.unshift({ link, fence: '', claim: undefined, tagClock, blocked: false })
      else await link.forget(key, policy.timeouts.removal)
      continue
    }
    const taken = await link.take(key, policy.timeouts.removal)
    refused ||= taken.refused
    provisional ||= taken.fence === undefined
    if (!taken.refused) {
      places.unshift({ link, fence: taken.fence, claim: undefined, tagClock, blocked: false })
    }
  }
  // A removal or a write that came in between had no lease of ours to void: the value may be the row before it.
  if (chain.fence.keyRemovedHere(key, before)) {
    refused = true
    giveBack(key, places.splice(0))
  }
  // Again, against what was copied from a far tier that still had the old value.
  dropKeys(chain, [key], false)
  const { sequence } = chain.fence
  await keep(chain, query, key, {
    value,
    input,
    tags,
    ttls,
    beganAt,
    before,
    sequence,
    moment,
    places,
    refused,
    provisional,
  })
}

/** A value that didn't come from a load, with the right to store it, on its way into the tiers, far → near. */
export async function keep(
  chain: Chain,
  query: Query,
  key: string,
  o: {
    readonly value: unknown
    readonly input: unknown
    readonly tags: readonly string[]
    readonly ttls: readonly number[]
    readonly beganAt: number
    /** Fence sequence before anything was done. */
    readonly before: number
    /** Fence sequence when the old value was gone everywhere in this process. */
    readonly sequence: number
    readonly moment: TagMoment
    readonly places: readonly Place[]
    /** A tier said that the value isn't the last word. */
    readonly refused: boolean
    readonly provisional: boolean
  },
): Promise<void> {
  const { policy } = query
  const { value, tags, ttls, beganAt, sequence, moment, places } = o
  const outcomes = await storeRemote(chain, query, key, {
    value,
    ttls,
    beganAt,
    tags,
    moment,
    sequence,
    loadMs: 0,
    etag: undefined,
    places,
  })
  // What a tier without compare-and-set didn't take is still the old value there.
  for (const { place, outcome } of outcomes) {
    if (place.link.coherence !== undefined || outcome === 'stored') continue
    await place.link.forget(key, policy.timeouts.removal)
  }
  const removal = { kind: 'keys', keys: [key], soft: false } as const
  for (const outbox of chain.buses) await outbox.send(removal, policy.timeouts.removal)
  await Promise.all(chain.edges.map((edge) => edge.send(removal, policy.timeouts.removal)))
  // A writer is about to change the row, or something removed the key or a tag since: the value may be old by now.
  const outdated = o.refused || outcomes.some(({ outcome }) => outcome === 'fenced')
  if (outdated || chain.fence.tagsRemovedAt(tags.map(tagSlot)) > o.before) return
  putLocal(chain, query, key, value, {
    input: o.input,
    ttls,
    createdAt: beganAt,
    sequence,
    tags,
    loadMs: 0,
    etag: undefined,
    provisional: o.provisional,
  })
}
