import { createCache, systemClock } from '@tierstack/cache-core'
import type { Cache, Cached, Clock, LocalTier, Receipt } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import type { RedisOptions, RedisRemoteTier } from '@tierstack/cache-redis'
import type { Row } from '../row.ts'
import { sharedNow } from '../shared-time.ts'
import { ways } from '../source.ts'
import { weakened } from '../weaken.ts'
import type { Protection } from '../weaken.ts'
import type { Change, Promised, RedisPlace, Subject, SubjectOptions } from './subject.ts'

function redisOptions(place: RedisPlace): RedisOptions {
  const at = (port: number) => `redis://127.0.0.1:${port}`
  if (place.kind === 'standalone') return { url: at(place.port) }
  if (place.kind === 'cluster') return { cluster: place.ports.map(at) }
  return { sentinels: place.sentinels.map((port) => `127.0.0.1:${port}`), sentinelName: place.name }
}

/** Tierstack, memory over Redis. */
export class Ours implements Subject {
  readonly ways = ways
  readonly #cache: Cache<{ readonly [key: string]: unknown }>
  readonly #row: Cached<number, Row>
  readonly #loadMany: SubjectOptions['loadMany']
  #warmings = 0
  readonly #events: Record<string, number> = {}
  readonly #tales = new Map<string, string[]>()

  constructor(options: SubjectOptions, without: Protection | undefined) {
    const { wallOffset } = options
    this.#loadMany = options.loadMany
    const clock: Clock = wallOffset
      ? { ...systemClock, wall: () => systemClock.wall() + wallOffset() }
      : systemClock
    const [near, far]: [LocalTier, RedisRemoteTier] = weakened(
      without,
      memory({ maxEntries: options.memoryEntries }),
      redis(redisOptions(options.place)),
    )
    this.#cache = createCache({
      namespace: options.namespace,
      tiers: [near, far],
      ttl: '2m',
      timeouts: { write: '3s' },
      clock,
    })
    this.#row = this.#cache.define<number, Row>({
      name: 'row',
      load: (key) => options.load(key),
      loadMany: async (keys) => new Map((await options.loadMany(keys)).map((row) => [row.key, row])),
      tags: (row) => [row.tag],
    })
    this.#cache.on('degraded', () => options.silent(true))
    this.#cache.on('recovered', () => options.silent(false))
    if (options.trace) this.#trace()
    for (const event of ['degraded', 'recovered', 'bus:gap', 'fenced', 'poisoned'] as const) {
      this.#cache.on(event, () => {
        this.#events[event] = (this.#events[event] ?? 0) + 1
      })
    }
  }

  read(key: number): Promise<Row> {
    return this.#row(key)
  }

  many(keys: readonly number[]): Promise<Row[]> {
    return this.#row.many(keys)
  }

  /** By the keys, or by rows that are read page by page. */
  async warm(keys: readonly number[]): Promise<unknown> {
    this.#warmings++
    if (this.#warmings % 2 === 0) return await this.#row.warm(keys)
    const middle = Math.ceil(keys.length / 2)
    const pages = [keys.slice(0, middle), keys.slice(middle)]
    const next = async () => {
      const page = pages.shift()
      return page && (await this.#loadMany(page)).map((row) => [row.key, row] as const)
    }
    // A page that the source fails to bring is as good as none.
    return await this.#row.warmRows(next).catch(() => undefined)
  }

  peek(key: number): Row | undefined {
    return this.#row.peek(key)
  }

  async change({ way, keys, tag, commit }: Change): Promise<Promised> {
    switch (way) {
      case 'delete':
        await commit()
        return promised(await this.#row.delete(...keys))
      case 'expire':
        await commit()
        return promised(await this.#row.expire(...keys))
      case 'tags':
        await commit()
        return promised(await this.#cache.invalidateTags(tag))
      case 'clear':
        await commit()
        return promised(await this.#cache.clear())
      case 'write':
        await this.#row.write(keys[0] as number, commit)
        return this.#whoever()
      case 'deferred':
        await this.#cache.deferred(async () => {
          await commit()
          for (const key of keys) await this.#row.delete(key)
        })
        return this.#whoever()
    }
  }

  queued(): number {
    return this.#cache.stats().tiers['redis']?.queued ?? 0
  }

  tale(key: number): string {
    return [...(this.#tales.get(this.#row.keyFor(key)) ?? []), ...(this.#tales.get('') ?? [])]
      .toSorted()
      .join('; ')
  }

  #trace(): void {
    const note = (key: string, what: string) => {
      const tale = this.#tales.get(key) ?? []
      this.#tales.set(key, tale)
      tale.push(`${sharedNow().toFixed(1)} ${what}`)
      if (tale.length > 30) tale.shift()
    }
    this.#cache.on('load', (e) => note(e.key(), `loaded (${e.reason}) in ${e.ms.toFixed(1)}`))
    this.#cache.on('backfill', (e) => note(e.key(), `backfilled ${e.tier}`))
    this.#cache.on('fenced', (e) => note(e.key(), `fenced ${e.tier}`))
    this.#cache.on('miss', (e) => note(e.key(), 'miss'))
    this.#cache.on('hit', (e) => {
      if (e.tier !== 'memory') note(e.key(), `hit ${e.tier} ${e.state}`)
    })
    this.#cache.on('invalidate', (e) =>
      note('', `invalidated ${e.keys} keys, ${e.tags.join(' ')} by ${e.origin}`),
    )
    this.#cache.on('degraded', (e) => note('', `degraded ${e.why}`))
    this.#cache.on('recovered', () => note('', 'recovered'))
    this.#cache.on('bus:gap', () => note('', 'gap'))
  }

  counters(): Record<string, number> {
    const { definitions, tiers } = this.#cache.stats()
    const row = definitions['row']
    return {
      memory: row?.hits['memory'] ?? 0,
      redis: row?.hits['redis'] ?? 0,
      loads: row?.loads ?? 0,
      timeouts: tiers['redis']?.timeouts ?? 0,
      ...this.#events,
    }
  }

  async close(): Promise<void> {
    await this.#cache.close()
  }

  /** These calls give no receipt: what they queued is still queued. */
  #whoever(): Promised {
    return this.queued() === 0 ? 'everyone' : 'here'
  }
}

function promised({ queued, bus }: Receipt): Promised {
  return queued.length === 0 && bus !== 'queued' ? 'everyone' : 'here'
}
