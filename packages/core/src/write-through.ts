import type { Chain } from './chain.ts'
import { ttlsOf } from './freshness.ts'
import type { Query } from './query.ts'
import type { Place } from './remote-read.ts'
import { dropKeys } from './drop.ts'
import { keep } from './set.ts'
import { end, placeIntents } from './write.ts'

/**
 * A write to the source whose value goes into the tiers at once: source first, then far → near.
 *
 * Announced and blocked like every `write`. What was committed is kept only where it is the last word: each tier
 * tells whether anything else happened to the key while the intent stood (another writer's intent, a removal), and
 * then it is removed like after any write. `commit` resolves to the value as the source has it; undefined keeps
 * nothing.
 */
export async function writeThrough(
  chain: Chain,
  query: Query,
  key: string,
  input: unknown,
  commit: () => Promise<unknown>,
): Promise<unknown> {
  const { policy } = query
  const tagClock = chain.tags.link?.usable(key) ? await chain.tags.clock(key) : undefined
  const moment = chain.tags.moment(tagClock)
  const announced = await placeIntents(chain, policy, [key])
  const { sequence: before } = chain.fence
  const beganAt = chain.clock.now()
  let value: unknown
  try {
    value = await commit()
  } catch (error) {
    await end(chain, policy, [key], announced)
    throw error
  }
  const disturbed = chain.fence.keyRemoved(key, before) || chain.fence.suspectSince(before)
  const coherent = chain.links.filter((link) => link.coherence !== undefined)
  if (value === undefined || disturbed || announced.length < coherent.length) {
    await end(chain, policy, [key], announced)
    return value
  }
  let tags: readonly string[]
  try {
    tags = [...new Set([...query.tagsBefore(key), ...(query.tagsOf?.(value, input) ?? [])])]
  } catch (error) {
    await end(chain, policy, [key], announced)
    throw error
  }
  // Loads that began before the commit aren't joined by those who come after it.
  dropKeys(chain, [key], false)
  const { sequence } = chain.fence
  const places: Place[] = []
  let refused = false
  for (const link of chain.links.toReversed()) {
    const intent = announced.find((one) => one.link === link)?.intent
    const fence = intent === undefined ? '' : await link.conclude(key, intent, policy.timeouts.removal)
    refused ||= fence === undefined
    if (!refused) places.unshift({ link, fence, claim: undefined, tagClock, blocked: false })
  }
  await keep(chain, query, key, {
    value,
    input,
    tags,
    ttls: ttlsOf(policy, value, undefined, chain.random),
    beganAt,
    before,
    sequence,
    moment,
    places,
    refused,
    provisional: false,
  })
  return value
}
