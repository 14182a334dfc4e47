import type { BusListener, Coherence, LocalTier, Removal, TagState } from '@tierstack/cache-core'
import type { RedisRemoteTier } from '@tierstack/cache-redis'

/** What can be switched off, to see that the checker notices. */
export const protections = ['lease', 'local-fence', 'gap', 'journal', 'run-id', 'tags'] as const
export type Protection = (typeof protections)[number]

/** An object that answers as `target` does, but for these properties. */
function overlay<T extends object>(target: T, over: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const own: unknown = Reflect.get(name in over ? over : target, name)
      return typeof own === 'function' && !(name in over) ? own.bind(target) : own
    },
  })
}

function withCoherence(tier: RedisRemoteTier, over: Partial<Coherence>): RedisRemoteTier {
  return overlay(tier, { coherence: overlay(tier.coherence, over) })
}

function withListener(
  tier: RedisRemoteTier,
  change: (listener: BusListener) => Partial<BusListener>,
): RedisRemoteTier {
  const { bus } = tier.coherence
  return withCoherence(tier, {
    bus: overlay(bus, {
      open: (host) => bus.open({ ...host, listener: { ...host.listener, ...change(host.listener) } }),
    }),
  })
}

/** The fill doesn't look whether its lease still stands. */
function withoutLease(tier: RedisRemoteTier): RedisRemoteTier {
  return withCoherence(tier, { fill: (items) => tier.write(items) })
}

/** Removals by other processes drop what the memory holds at that instant, and stop nothing that is under way. */
function withoutLocalFence(near: LocalTier, tier: RedisRemoteTier): RedisRemoteTier {
  return withListener(tier, (listener) => ({
    removed: (removal: Removal) => {
      if (removal.kind !== 'keys' || removal.soft) listener.removed(removal)
      else for (const key of removal.keys) near.delete(key)
    },
  }))
}

/** Nothing that was missed is ever noticed. */
function withoutGap(tier: RedisRemoteTier): RedisRemoteTier {
  return withListener(tier, (listener) => ({
    gap: () => {},
    live: () => listener.live(Number.POSITIVE_INFINITY),
  }))
}

/** Removals that fail count as done, and what is replayed when the tier comes back goes nowhere. */
function withoutJournal(tier: RedisRemoteTier): RedisRemoteTier {
  const replayMs = 600
  let greetedAt = Number.NEGATIVE_INFINITY
  const lost = async (verb: () => Promise<void>): Promise<void> => {
    if (performance.now() - greetedAt < replayMs) return
    await Promise.race([
      verb().catch(() => {}),
      new Promise<void>((resolve) => {
        setTimeout(resolve, 100)
      }),
    ])
  }
  const over = {
    delete: (keys: readonly string[]) => lost(() => tier.delete(keys)),
    expire: (keys: readonly string[]) => lost(() => tier.coherence.expire(keys)),
    invalidate: (tags: readonly string[], soft: boolean) => lost(() => tier.coherence.invalidate(tags, soft)),
    end: (keys: readonly string[], intent: string) => lost(() => tier.coherence.end(keys, intent)),
  }
  return overlay(withCoherence(tier, over), {
    delete: over.delete,
    hello: async () => {
      const history = await tier.hello()
      greetedAt = performance.now()
      return history
    },
  })
}

/** A tag whose marker is missing counts as it was when this process last saw it. */
function withoutTags(tier: RedisRemoteTier): RedisRemoteTier {
  const { coherence } = tier
  const seen = new Map<string, TagState>()
  return withCoherence(tier, {
    tags: async (tags) => {
      const states = await coherence.tags(tags)
      return states.map((state, i) => {
        const tag = tags[i] as string
        if (state !== undefined) seen.set(tag, state)
        return state ?? seen.get(tag)
      })
    },
    stampTags: async (tags, tagClock) => {
      const stamps = await coherence.stampTags(tags, tagClock)
      for (const [i, generation] of stamps.entries()) {
        if (generation !== undefined) seen.set(tags[i] as string, { generation, softened: [] })
      }
      return stamps
    },
  })
}

/**
 * The tiers with one protection switched off, by what stands between them and the cache. (`run-id` isn't done here:
 * the proxy hides the run id of the server.)
 */
export function weakened(
  without: Protection | undefined,
  near: LocalTier,
  far: RedisRemoteTier,
): [LocalTier, RedisRemoteTier] {
  switch (without) {
    case 'lease':
      return [near, withoutLease(far)]
    case 'local-fence':
      return [near, withoutLocalFence(near, far)]
    case 'gap':
      return [near, withoutGap(far)]
    case 'journal':
      return [near, withoutJournal(far)]
    case 'tags':
      return [near, withoutTags(far)]
    case 'run-id':
    case undefined:
      return [near, far]
  }
}
