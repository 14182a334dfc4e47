import type { Removal } from './bus.ts'
import type { Chain } from './chain.ts'
import { CacheError } from './errors.ts'
import type { JournalPage } from './journal.ts'
import type { ResolvedPolicy } from './policy.ts'
import type { RemoteLink } from './remote-link.ts'
import { tagsIn } from './tags.ts'
import { tenantOf } from './tenant-name.ts'
import { within } from './tracing.ts'
import type { RemovalTold } from './tracing.ts'

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

/** Who asked for a removal made here: the application, or the database by way of its change feed. */
export type Origin = 'local' | 'db'

interface Walk {
  readonly removal: Removal
  readonly origin: Origin
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

function toldOf(removal: Removal): RemovalTold {
  if (removal.kind === 'all') return { kind: 'all', names: 0, soft: false }
  const { kind, soft } = removal
  return { kind, soft, names: (kind === 'keys' ? removal.keys : removal.tags).length }
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
    if (chain.edges.length > 0) await announceTo(chain, removal, timeout)
    for (const link of chain.links.toReversed()) {
      const verb = o.there(link)
      if (verb === undefined) continue
      const done = await link.remove(verb, timeout, (journal) => {
        if (removal.kind === 'all') journal.addAll()
        else if (removal.kind === 'keys') journal.addKeys(removal.keys, removal.soft)
        else journal.addTags(removal.tags, removal.soft)
      })
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

/** Lets edges write down that keys will have to be purged. */
export async function announce(chain: Chain, keys: readonly string[], policy: ResolvedPolicy): Promise<void> {
  if (chain.edges.length === 0) return
  await announceTo(chain, { kind: 'keys', keys, soft: false }, policy.timeouts.removal)
}

/** Removes keys everywhere. Soft: they stay usable within `swr` and `staleIfError`, but count as expired. */
export function removeKeys(
  chain: Chain,
  policy: ResolvedPolicy,
  keys: readonly string[],
  soft: boolean,
  origin: Origin = 'local',
): Promise<Receipt> {
  const unique = [...new Set(keys)]
  if (unique.length === 0) return Promise.resolve(nothingToDo(chain))
  return walk(chain, policy, {
    removal: { kind: 'keys', keys: unique, soft },
    origin,
    begin: () => {
      for (const key of unique) chain.fence.beginRemoval(key)
      dropKeys(chain, unique, soft)
    },
    end: () => {
      for (const key of unique) removalEnded(chain, key)
    },
    there: (link) => {
      const { coherence, tier } = link
      const [only] = unique
      if (soft && coherence) return () => coherence.expire(unique)
      return unique.length === 1 ? () => link.delete(only as string) : () => tier.delete(unique)
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

export function dropKeys(chain: Chain, keys: readonly string[], soft: boolean): void {
  for (const key of keys) {
    chain.fence.removeKey(key)
    chain.failures.forget(key)
    chain.fills.ended(key)
    if (soft) chain.locals.expire(key)
    else chain.locals.delete(key)
  }
}

/** Who waited for a lease of before asks again; what local tiers got since the removal began they got from loads. */
function removalEnded(chain: Chain, key: string): void {
  chain.fence.endRemoval(key)
  chain.failures.forget(key)
  chain.fills.ended(key)
}

/** As `dropKeys`, for a write of this process: a `set` that began before must not win over it. */
export function dropKeysHere(chain: Chain, keys: readonly string[], soft: boolean): void {
  for (const key of keys) chain.fence.removeKeyHere(key)
  dropKeys(chain, keys, soft)
}

function dropTags(chain: Chain, tags: readonly string[], soft: boolean): void {
  for (const tag of tags) {
    chain.fence.removeTag(tag, soft)
    // All of a tenant was removed: its keys may have been destroyed as well.
    if (tag.startsWith('!n@') && !soft) chain.frames.encryption?.forget(tenantOf(tag.slice(2)))
  }
  chain.tags.forget(tags)
}

function dropAll(chain: Chain): void {
  chain.fence.clear()
  chain.tags.forgetAll()
  chain.locals.clear()
}

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

function emitRemoval(chain: Chain, removal: Removal, origin: Origin | 'bus'): void {
  chain.events.emit('invalidate', {
    keys: removal.kind === 'keys' ? removal.keys.length : 0,
    tags: removal.kind === 'tags' ? removal.tags : [],
    origin,
    removal: () => removal,
  })
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
