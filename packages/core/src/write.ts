import type { Chain } from './chain.ts'
import type { Coherence } from './coherence.ts'
import { dropKeysHere } from './drop.ts'
import { CacheError } from './errors.ts'
import type { ResolvedPolicy } from './policy.ts'
import type { RemoteLink } from './remote-link.ts'
import { announce, removeAnnounced } from './remove.ts'
import { token } from './token.ts'

/**
 * An intent stands so much longer than its writer may take, ms: whoever read rows without having looked at their keys
 * before finds it still there, if not later than that.
 */
export const intentSlackMs = 5_000

/**
 * A write to the source that can't leave a stale entry behind, even when this process dies in the middle.
 *
 * Before the commit an intent is placed in every tier that can hold one: it removes the entry and blocks fills until
 * it is taken back after the commit. A crash in between leaves the intent, which lapses some time after `timeouts.write`;
 * until then readers load and nobody stores. Overlapping writers each have an intent of their own.
 *
 * When a tier can't be told before the commit, the write goes on and the removal is queued; with
 * `invalidation: 'strict'` it is refused with `WRITE_REFUSED`, and `commit` doesn't run.
 *
 * Returns what `commit` returns, rejects with what it throws; the keys are removed either way.
 */
export async function write<R>(
  chain: Chain,
  policy: ResolvedPolicy,
  keys: readonly string[],
  commit: () => Promise<R> | R,
): Promise<R> {
  const announced = await placeIntents(chain, policy, keys)
  try {
    return await commit()
  } finally {
    await end(chain, policy, keys, announced)
  }
}

/** A tier that was told of a write, and by which name. */
export interface Announced {
  readonly link: RemoteLink
  readonly intent: string
}

/** Places an intent in every tier that can hold one; resolves to those that have it. */
export async function placeIntents(
  chain: Chain,
  policy: ResolvedPolicy,
  keys: readonly string[],
): Promise<readonly Announced[]> {
  const announced: Announced[] = []
  dropKeysHere(chain, keys, false)
  await announce(chain, keys, policy)
  for (const link of chain.links.toReversed()) {
    const { coherence } = link
    if (coherence === undefined) continue
    // The key stays away from the tier until the end confirms the removal.
    const intent = await begin(link, coherence, policy, keys)
    if (intent !== undefined) announced.push({ link, intent })
    else if (policy.invalidation === 'strict') {
      await end(chain, policy, keys, announced)
      throw new CacheError(
        'WRITE_REFUSED',
        `Expected tier \`${link.name}\` to take the announcement of the write, it did not; nothing was committed, try again`,
        { cause: link.lastError },
      )
    }
  }
  dropKeysHere(chain, keys, false)
  return announced
}

async function begin(
  link: RemoteLink,
  coherence: Coherence,
  policy: ResolvedPolicy,
  keys: readonly string[],
): Promise<string | undefined> {
  const { write: writeMs, removal } = policy.timeouts
  const holdMs = writeMs + intentSlackMs
  const [only] = keys
  if (keys.length === 1 && only !== undefined) return await link.begin(only, holdMs, removal)
  const intent = token()
  const verb = () => coherence.begin(keys, intent, holdMs)
  const begun = await link.remove(verb, removal, (journal) => journal.addKeys(keys, false))
  return begun ? intent : undefined
}

/** Takes the intents back and removes the keys everywhere. */
export async function end(
  chain: Chain,
  policy: ResolvedPolicy,
  keys: readonly string[],
  announced: readonly Announced[],
): Promise<void> {
  for (const { link, intent } of announced) {
    const { coherence } = link
    if (coherence === undefined) continue
    const verb = () => coherence.end(keys, intent)
    await link.remove(verb, policy.timeouts.removal, (journal) => journal.addKeys(keys, false))
  }
  dropKeysHere(chain, keys, false)
  // Tiers that hold no intents, and those that couldn't be told before.
  if (announced.length < chain.links.length || chain.buses.length > 0 || chain.edges.length > 0) {
    await removeAnnounced(chain, { ...policy, invalidation: 'queue' }, keys)
  }
}
