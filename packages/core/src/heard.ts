import type { Removal } from './bus.ts'
import type { Chain } from './chain.ts'
import { dropAll, dropKeys, dropTags } from './drop.ts'
import type { JournalPage } from './journal.ts'
import type { RemoteLink } from './remote-link.ts'
import { emitRemoval, toldOf } from './told-removal.ts'

/**
 * Removals that were queued have reached their tier. Generations of tags that were learnt there meanwhile are the old
 * ones, and nobody else would tell us: the tier doesn't report our own removals.
 */
export function dropReplayed(chain: Chain, page: JournalPage): void {
  if (page.all) dropAll(chain)
  dropKeys(chain, page.keys, false)
  dropKeys(chain, page.softKeys, true)
  dropTags(chain, page.tags, false)
  dropTags(chain, page.softTags, true)
}

/**
 * A removal by another process, heard on the bus of `from` (or on a bus beside the tiers). Tiers nearer than that,
 * which only this host or process sees, hold copies that nobody else can reach: they are deleted from here.
 */
export function removedElsewhere(
  chain: Chain,
  removal: Removal,
  from: RemoteLink | undefined,
  trace?: string,
): void {
  if (removal.kind === 'all') dropAll(chain)
  else if (removal.kind === 'tags') dropTags(chain, removal.tags, removal.soft)
  else {
    dropKeys(chain, removal.keys, removal.soft)
    const { keys } = removal
    for (const link of nearerThan(chain, from)) {
      chain.background.run(link.queue((journal) => journal.addKeys(keys, false)))
    }
  }
  if (removal.kind === 'all') for (const link of nearerThan(chain, from)) forgetAllAt(chain, link)
  chain.counters.removals.bus++
  chain.tracing.tracer?.heard(toldOf(removal), trace)
  if (chain.events.on.invalidate) emitRemoval(chain, removal, 'bus')
}

/** Messages may have been lost: local entries are suspect, and tiers that only this host sees start anew. */
export function suspectAll(chain: Chain, from: RemoteLink | undefined): void {
  chain.fence.suspect()
  chain.tags.forgetAll()
  for (const link of nearerThan(chain, from)) forgetAllAt(chain, link)
}

function forgetAllAt(chain: Chain, link: RemoteLink): void {
  chain.background.run(link.queue((journal) => journal.addAll()))
}

function nearerThan(chain: Chain, from: RemoteLink | undefined): readonly RemoteLink[] {
  const limit = from?.position ?? Number.POSITIVE_INFINITY
  return chain.links.filter((link) => link.hearsay && link.position < limit)
}
