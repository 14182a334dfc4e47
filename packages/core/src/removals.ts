import type { Removal } from './bus.ts'
import type { Chain } from './chain.ts'
import type { Deferral } from './deferred.ts'
import type { ResolvedPolicy } from './policy.ts'
import { removeAll, removeKeys, removeTags } from './remove.ts'
import type { Receipt } from './remove.ts'

/** Removals as scopes and definitions ask for them: collected inside a transaction, else applied. */
export interface Removals {
  keys(keys: readonly string[], soft: boolean, policy: ResolvedPolicy): Promise<Receipt>
  tags(tags: readonly string[], soft: boolean, policy: ResolvedPolicy): Promise<Receipt>
  all(policy: ResolvedPolicy): Promise<Receipt>
}

/** What is switched off for good holds nothing. */
export const nothingRemoved: Receipt = { confirmed: [], queued: [], durable: [], bus: 'none' }

/** `open` throws when the cache is closed; where it is `off` for good, there is nothing to do. */
export function makeRemovals(
  chain: Chain,
  deferral: Deferral,
  off: () => boolean,
  open: () => void,
): Removals {
  const later: Receipt = { confirmed: [], queued: chain.names, durable: [], bus: 'queued' }
  return {
    keys: async (keys, soft, policy) => {
      open()
      if (off()) return nothingRemoved
      return deferral.collect({ kind: 'keys', keys, soft })
        ? later
        : await removeKeys(chain, policy, keys, soft)
    },
    tags: async (tags, soft, policy) => {
      open()
      if (off()) return nothingRemoved
      return deferral.collect({ kind: 'tags', tags, soft })
        ? later
        : await removeTags(chain, policy, tags, soft)
    },
    all: async (policy) => {
      open()
      if (off()) return nothingRemoved
      return deferral.collect({ kind: 'all' }) ? later : await removeAll(chain, policy)
    },
  }
}

/** Applies what a transaction collected: all of it, whatever becomes of a part; then it throws what that threw. */
export async function applyAll(
  removals: Removals,
  collected: readonly Removal[],
  policy: ResolvedPolicy,
): Promise<void> {
  const results = await Promise.allSettled(collected.map((one) => applied(removals, one, policy)))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

function applied(removals: Removals, one: Removal, policy: ResolvedPolicy): Promise<Receipt> {
  if (one.kind === 'all') return removals.all(policy)
  return one.kind === 'keys'
    ? removals.keys(one.keys, one.soft, policy)
    : removals.tags(one.tags, one.soft, policy)
}
