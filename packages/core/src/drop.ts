import type { Chain } from './chain.ts'
import { tenantOf } from './tenant-name.ts'

/** Drops keys from this process, and voids what began before. Soft: they count as expired. */
export function dropKeys(chain: Chain, keys: readonly string[], soft: boolean): void {
  for (const key of keys) {
    chain.fence.removeKey(key)
    chain.failures.forget(key)
    chain.fills.ended(key)
    if (soft) chain.locals.expire(key)
    else chain.locals.delete(key)
  }
}

/** As `dropKeys`, for a write of this process: a `set` that began before must not win over it. */
export function dropKeysHere(chain: Chain, keys: readonly string[], soft: boolean): void {
  for (const key of keys) chain.fence.removeKeyHere(key)
  dropKeys(chain, keys, soft)
}

/**
 * Drops keys whose removal begins on its way through the tiers, after the source has changed: until its end only loads
 * are stored in this process.
 */
export function beginRemoval(chain: Chain, keys: readonly string[], soft: boolean): void {
  for (const key of keys) chain.fence.beginRemoval(key)
  dropKeys(chain, keys, soft)
}

/** Who waited for a lease of before asks again; what local tiers got since the removal began they got from loads. */
export function endRemoval(chain: Chain, keys: readonly string[]): void {
  for (const key of keys) {
    chain.fence.endRemoval(key)
    chain.failures.forget(key)
    chain.fills.ended(key)
  }
}

export function dropTags(chain: Chain, tags: readonly string[], soft: boolean): void {
  for (const tag of tags) {
    chain.fence.removeTag(tag, soft)
    // All of a tenant was removed: its keys may have been destroyed as well.
    if (tag.startsWith('!n@') && !soft) chain.frames.encryption?.forget(tenantOf(tag.slice(2)))
  }
  chain.tags.forget(tags)
}

export function dropAll(chain: Chain): void {
  chain.fence.clear()
  chain.tags.forgetAll()
  chain.locals.clear()
}
