import type { Removal } from './bus.ts'
import type { Chain } from './chain.ts'
import { beginRemoval, dropAll, dropTags, endRemoval } from './drop.ts'
import { CacheError } from './errors.ts'
import type { ResolvedPolicy } from './policy.ts'
import type { RemoteLink } from './remote-link.ts'
import { tagsIn } from './tags.ts'
import { emitRemoval, toldOf } from './told-removal.ts'
import type { Origin } from './told-removal.ts'
import { within } from './tracing.ts'

/** What became of a removal. Nothing is lost silently: `queued` and `durable` name the tiers that get it later. */
export interface Receipt<N extends string = string> {
  readonly confirmed: readonly N[]
  /** Told when they come back, as long as this process lives. */
  readonly queued: readonly N[]
  /** Edges that aren't purged yet; the purge stands in a queue that survives this process. */
  readonly durable: readonly N[]
  /** Whether other processes were told. `none`: there is no bus. */
  readonly bus: 'sent' | 'queued' | 'none'
}

interface Walk {
  readonly removal: Removal
  readonly origin: Origin
  /** Edges have written it down already. */
  readonly announced?: boolean
  /** Drops it from this process, before any tier is told. */
  readonly begin: () => void
  /** Every tier was told. */
  readonly end: () => void
  /** The verb at one remote tier, or undefined where it has nothing to do. */
  readonly there: (link: RemoteLink) => (() => Promise<unknown>) | undefined
}

function walk(chain: Chain, policy: ResolvedPolicy, o: Walk): Promise<Receipt> {
  const { tracer } = chain.tracing
  if (tracer === undefined) return walkTiers(chain, policy, o)
  return within<Receipt>(tracer.removal(toldOf(o.removal)), () => walkTiers(chain, policy, o))
}

/*
 * Removals walk far → near. The far copy first: a read racing with us could copy the old far value over a near copy
 * deleted too early. The local fence is raised twice: before, so that nobody joins or stores what began earlier, and
 * after, against whatever was learnt from a far tier while it still had the old value. Loads that began in between are
 * kept and joined: the source has changed already, and without them a row that is often changed would be loaded twice.
 */
async function walkTiers(chain: Chain, policy: ResolvedPolicy, o: Walk): Promise<Receipt> {
  const confirmed: string[] = []
  const queued: string[] = []
  const durable: string[] = []
  const { removal } = o
  const timeout = policy.timeouts.removal
  o.begin()
  try {
    // Written down before anybody is told: whoever dies below leaves a purge that somebody else will make.
    if (chain.edges.length > 0 && o.announced !== true) await announceTo(chain, removal, timeout)
    for (const link of chain.links.toReversed()) {
      const verb = o.there(link)
      if (verb === undefined) continue
      const done = await link.remove(verb, timeout, (journal) => journal.add(removal))
      ;(done ? confirmed : queued).push(link.name)
    }
  } finally {
    o.end()
  }
  for (const tier of chain.locals.tiers) confirmed.push(tier.name)
  const announcers = chain.links.filter((link) => link.coherence && o.there(link))
  let bus: Receipt['bus'] = announcers.length > 0 ? 'sent' : 'none'
  if (announcers.some((link) => queued.includes(link.name))) bus = 'queued'
  for (const outbox of chain.buses) {
    const sent = await outbox.send(removal, timeout)
    if (!sent) bus = 'queued'
    else if (bus === 'none') bus = 'sent'
  }
  // Edges last: what they fetch anew comes from tiers that have forgotten.
  const sent = await Promise.all(chain.edges.map((edge) => edge.send(removal, timeout)))
  for (const [i, edge] of chain.edges.entries()) {
    const outcome = sent[i]
    ;(outcome === 'purged' ? confirmed : outcome === 'durable' ? durable : queued).push(edge.name)
  }
  chain.counters.removals[o.origin]++
  if (chain.events.on.invalidate) emitRemoval(chain, removal, o.origin)
  if (policy.invalidation === 'strict' && (queued.length > 0 || bus === 'queued')) {
    throw new CacheError(
      'REMOVAL_QUEUED',
      `Expected every tier to confirm the removal, ${queued.length > 0 ? `\`${queued.join('`, `')}\` did not` : 'the bus did not'}; it is queued and will be applied`,
    )
  }
  return { confirmed, queued, durable, bus }
}

function announceTo(chain: Chain, removal: Removal, timeout: number): Promise<unknown> {
  return Promise.all(chain.edges.map((edge) => edge.announce(removal, timeout)))
}

/** Lets edges write down that keys will have to be purged: once for each purge that follows. */
export async function announce(chain: Chain, keys: readonly string[], policy: ResolvedPolicy): Promise<void> {
  if (chain.edges.length === 0) return
  const removal = { kind: 'keys', keys: [...new Set(keys)], soft: false } as const
  await announceTo(chain, removal, policy.timeouts.removal)
}

/** Removes keys everywhere. Soft: they stay usable within `swr` and `staleIfError`, but count as expired. */
export function removeKeys(
  chain: Chain,
  policy: ResolvedPolicy,
  keys: readonly string[],
  soft: boolean,
  origin: Origin = 'local',
): Promise<Receipt> {
  return walkKeys(chain, policy, [...new Set(keys)], { soft, origin, announced: false })
}

/** As `removeKeys`, after an `announce` of the same keys. */
export function removeAnnounced(
  chain: Chain,
  policy: ResolvedPolicy,
  keys: readonly string[],
): Promise<Receipt> {
  return walkKeys(chain, policy, [...new Set(keys)], { soft: false, origin: 'local', announced: true })
}

function walkKeys(
  chain: Chain,
  policy: ResolvedPolicy,
  keys: readonly string[],
  {
    soft,
    origin,
    announced,
  }: { readonly soft: boolean; readonly origin: Origin; readonly announced: boolean },
): Promise<Receipt> {
  if (keys.length === 0) return Promise.resolve(nothingToDo(chain))
  return walk(chain, policy, {
    removal: { kind: 'keys', keys, soft },
    origin,
    announced,
    begin: () => beginRemoval(chain, keys, soft),
    end: () => endRemoval(chain, keys),
    there: (link) => {
      const { coherence, tier } = link
      const [only] = keys
      if (soft && coherence) return () => coherence.expire(keys)
      return keys.length === 1 ? () => link.delete(only as string) : () => tier.delete(keys)
    },
  })
}

/** Invalidates every entry that carries one of the tags, in O(1) each. */
export function removeTags(
  chain: Chain,
  policy: ResolvedPolicy,
  tags: readonly string[],
  soft: boolean,
  origin: Origin = 'local',
): Promise<Receipt> {
  const unique = [...new Set(tags)]
  if (unique.length === 0) return Promise.resolve(nothingToDo(chain))
  return walk(chain, policy, {
    removal: { kind: 'tags', tags: unique, soft },
    origin,
    begin: () => dropTags(chain, unique, soft),
    end: () => dropTags(chain, unique, soft),
    there: (link) => {
      const { verbs } = chain.tags
      return link === chain.tags.link && verbs ? () => verbs.invalidate(unique, soft) : undefined
    },
  })
}

/** Removes everything of the namespace, in O(1): no scan, and nobody else's keys. */
export function removeAll(chain: Chain, policy: ResolvedPolicy, origin: Origin = 'local'): Promise<Receipt> {
  return walk(chain, policy, {
    removal: { kind: 'all' },
    origin,
    begin: () => dropAll(chain),
    end: () => dropAll(chain),
    there: (link) => () => link.tier.clear(),
  })
}

/** A removal for what is committed already: no transaction of the caller can defer or drop it. */
export function removeChanged(
  chain: Chain,
  policy: ResolvedPolicy,
  removal: Removal,
  origin: Origin,
): Promise<Receipt> {
  const queued: ResolvedPolicy = { ...policy, invalidation: 'queue' }
  if (removal.kind === 'all') return removeAll(chain, queued, origin)
  return removal.kind === 'keys'
    ? removeKeys(chain, queued, removal.keys, removal.soft, origin)
    : removeTags(chain, queued, tagsIn(chain, '', removal.tags), removal.soft, origin)
}

function nothingToDo(chain: Chain): Receipt {
  return { confirmed: [...chain.names], queued: [], durable: [], bus: 'none' }
}
