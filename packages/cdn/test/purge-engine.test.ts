import { createCache } from '@tierstack/cache-core'
import type { Cache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'
import { describe, expect, test } from 'vitest'
import { cdn, memoryQueue } from '../src/index.ts'
import type { CdnEdge, CdnOptions, Provider, PurgeQueue } from '../src/index.ts'
import { providers } from './rig.ts'
import { fetchOf, vendor } from './vendor.ts'
import type { Vendor } from './vendor.ts'

const named = (name: string): Provider => providers().find((one) => one.name === name) as Provider

interface Rig {
  readonly cache: Cache
  readonly edge: CdnEdge
  readonly vendor: Vendor
  readonly clock: FakeClock
  readonly events: string[]
}

function rig(name: string, options: Partial<CdnOptions> = {}, latency = 0): Rig {
  const clock = fakeClock()
  const provider = named(name)
  const own = vendor(provider, clock)
  const edge = cdn({
    provider,
    fetch: fetchOf(own, clock, latency),
    random: () => 1,
    name: 'edge',
    ...options,
  })
  const cache = createCache({ namespace: 'shop', clock, tiers: [memory(), edge] }) as unknown as Cache
  const events: string[] = []
  cache.on('degraded', ({ tier, why }) => events.push(`degraded ${tier} ${why}`))
  cache.on('recovered', ({ tier }) => events.push(`recovered ${tier}`))
  cache.on('warning', ({ check }) => events.push(`warning ${check}`))
  return { cache, edge, vendor: own, clock, events }
}

/** A queue that says it is durable, and shows what stands in it. */
function watchedQueue(): PurgeQueue & { readonly left: Map<number, unknown> } {
  const left = new Map<number, unknown>()
  const inner = memoryQueue()
  return {
    durable: true,
    left,
    lane(name) {
      const own = inner.lane(name)
      return {
        ...own,
        async put(what) {
          const id = await own.put(what)
          left.set(id, what)
          return id
        },
        settle(ids) {
          for (const id of ids) left.delete(id)
          return Promise.resolve()
        },
      }
    },
  }
}

async function settled<R>(clock: FakeClock, work: Promise<R>): Promise<R> {
  await clock.settle()
  return await work
}

describe('a removal', () => {
  test('is purged when its receipt says so, and once more after the in-flight window', async () => {
    const { cache, edge, vendor, clock } = rig('http', { inFlight: '4s' })
    const receipt = await settled(clock, cache.invalidateTags('menu'))
    expect(receipt).toMatchObject({ confirmed: ['memory', 'edge'], durable: [], queued: [] })
    expect(vendor.purged.get('menu')).toEqual([1_000])
    await clock.advance(3_999)
    expect(vendor.purged.get('menu')).toEqual([1_000])
    await clock.advance(1)
    expect(vendor.purged.get('menu')).toEqual([1_000, 5_000])
    await clock.advance(60_000)
    expect(vendor.calls).toBe(2)
    expect(edge.pending).toBe(0)
  })

  test('of many names goes out in calls as large as the vendor takes, without duplicates', async () => {
    const { cache, vendor, clock } = rig('http')
    const tags = Array.from({ length: 350 }, (_, i) => `tag-${i}`)
    await settled(clock, cache.invalidateTags([...tags, ...tags]))
    expect(vendor.violations).toEqual([])
    for (const tag of tags) expect(vendor.purged.get(tag)).toHaveLength(1)
    // 350 names with an overflow name each, and one for everything, by a hundred.
    expect(vendor.calls).toBe(8)
  })

  test('of one name by many at once makes one call beside the one under way', async () => {
    const { cache, vendor, clock } = rig('http', { inFlight: '1s' }, 50)
    const all = Promise.all(Array.from({ length: 100 }, () => cache.invalidateTags('menu')))
    await clock.advance(100)
    await all
    expect(vendor.purged.get('menu')?.length).toBeLessThanOrEqual(3)
    await clock.advance(2_000)
    // And one second purge for them all, or two.
    expect(vendor.purged.get('menu')?.length).toBeLessThanOrEqual(5)
  })

  test('reaches a vendor that limits the rate at most twice a window, whatever the rate of writes', async () => {
    const { cache, vendor, clock } = rig('cloudflare', { inFlight: '4s', maxDelay: '1h' })
    for (let i = 0; i < 200; i++) {
      void cache.invalidateTags('menu')
      await clock.advance(100)
    }
    await clock.advance(10_000)
    // 20 s of writes, a window of 4 s.
    expect(vendor.purged.get('menu')?.length).toBeLessThanOrEqual(12)
    const last = vendor.purged.get('menu')?.at(-1) as number
    expect(last).toBeGreaterThanOrEqual(1_000 + 199 * 100 + 4_000)
    expect(vendor.violations).toEqual([])
  })

  test('keeps soft and hard apart, and hard wins for one name', async () => {
    const { edge } = rig('fastly')
    const paths: (string | null)[] = []
    const provider = named('fastly')
    expect(provider.requests({ kind: 'tags', names: ['a'], soft: true }, new Date())).toMatchObject([
      { headers: { 'fastly-soft-purge': '1' } },
    ])
    const soft = await edge.dryRun({ tags: ['a'], soft: true })
    for (const { headers } of soft) paths.push(headers['fastly-soft-purge'] ?? null)
    expect(paths).toEqual(['1'])
  })

  test('of everything is one name, of this namespace alone', async () => {
    const { cache, vendor, clock } = rig('fastly')
    await settled(clock, cache.clear())
    expect([...vendor.purged.keys()]).toEqual([expect.stringMatching(/^~[a-z2-7]{13}$/)])
  })
})

describe('a vendor that', () => {
  test('is away: receipts say durable, events come once, and everything arrives when it is back', async () => {
    const queue = watchedQueue()
    const { cache, vendor, clock, events, edge } = rig('fastly', { queue, wait: '250ms' })
    const down = { status: 503, body: 'away' }
    vendor.faults.push(...Array.from({ length: 6 }, () => down))
    const first = cache.invalidateTags('a')
    await clock.advance(250)
    expect(await first).toMatchObject({ confirmed: ['memory'], durable: ['edge'], queued: [] })
    const second = cache.invalidateTags('b')
    await clock.advance(250)
    expect(await second).toMatchObject({ durable: ['edge'] })
    expect(queue.left.size).toBe(2)
    await clock.advance(60_000)
    // So late that the window is over: one is enough.
    for (const name of ['a', 'b']) expect(vendor.purged.get(name)).toEqual([13_600])
    expect(events).toEqual(['degraded edge error', 'recovered edge'])
    expect(queue.left.size).toBe(0)
    expect(edge.pending).toBe(0)
  })

  test('asks to slow down is left alone for as long as it says', async () => {
    for (const [name, answer, pause] of [
      ['cloudflare', { status: 429, headers: { 'retry-after': '7' }, body: '' }, 7_000],
      ['akamai', { status: 429, body: '{}' }, 5_000],
      ['cloudfront', { status: 400, body: '<Code>TooManyInvalidationsInProgress</Code>' }, 5_000],
    ] as const) {
      const { cache, vendor, clock, edge } = rig(name)
      vendor.faults.push(answer)
      void cache.invalidateTags('a')
      await clock.advance(pause - 1)
      expect([name, vendor.calls]).toEqual([name, 1])
      await clock.advance(1)
      expect([name, vendor.purged.get('a')]).toEqual([name, [1_000 + pause]])
      expect(edge.stats().throttled).toBe(1)
    }
  })

  test('does the work and loses the answer is asked again', async () => {
    const { cache, vendor, clock } = rig('cloudfront')
    vendor.faults.push('drop')
    void cache.invalidateTags('a')
    await clock.advance(1_000)
    expect(vendor.purged.get('a')?.length).toBeGreaterThanOrEqual(2)
  })

  test('does not answer is given up after the timeout and asked again', async () => {
    const clock = fakeClock()
    let calls = 0
    const edge = cdn({
      provider: named('fastly'),
      name: 'edge',
      timeout: '5s',
      random: () => 1,
      fetch: (_, { signal }) =>
        new Promise((_, reject) => {
          calls++
          signal?.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    })
    const cache = createCache({ namespace: 'shop', clock, tiers: [memory(), edge] })
    void cache.delete('k')
    await clock.advance(4_999)
    expect(calls).toBe(1)
    await clock.advance(1_000)
    expect(calls).toBe(2)
  })

  test('refuses one name of many: the others go, everything is purged in its place, and it is among the dead', async () => {
    const { cache, vendor, clock, edge, events } = rig('http')
    const answer = vendor.answer.bind(vendor)
    vendor.answer = (asked) =>
      asked.body.includes('"bad"') ? { status: 400, body: 'I do not like it' } : answer(asked)
    void cache.invalidateTags(['a', 'b', 'bad', 'c', 'd'])
    await clock.advance(1_000)
    for (const tag of ['a', 'b', 'c', 'd']) expect(vendor.purged.has(tag)).toBe(true)
    expect(await edge.deadLetters()).toEqual([
      { name: 'bad', error: '400 I do not like it', at: expect.any(Number) },
    ])
    expect(events).toEqual(['warning purge-refused'])
    const all = (await edge.dryRun({ all: true }))[0]?.body ?? ''
    const [name] = (JSON.parse(all) as { tags: string[] }).tags
    expect(vendor.purged.has(name as string)).toBe(true)
    await clock.advance(60_000)
    expect(edge.pending).toBe(0)
  })

  test('refuses even the name of everything is told so again and again, and the receipt does not call it purged', async () => {
    const { cache, vendor, clock, edge, events } = rig('http')
    vendor.faults.push(...Array.from({ length: 12 }, () => ({ status: 400, body: 'no' })))
    const receipt = cache.clear()
    await clock.advance(250)
    expect(await receipt).toMatchObject({ confirmed: ['memory'], queued: ['edge'] })
    expect(events).toEqual(['degraded edge error'])
    await clock.advance(600_000)
    expect(edge.pending).toBe(0)
    expect(events).toEqual(['degraded edge error', 'recovered edge'])
  })

  test('finds a call too large gets it in halves', async () => {
    const { cache, vendor, clock } = rig('akamai')
    vendor.faults.push({ status: 413, body: '' }, { status: 413, body: '' })
    void cache.invalidateTags(['a', 'b', 'c', 'd', 'e', 'f'])
    await clock.advance(10)
    for (const tag of ['a', 'b', 'c', 'd', 'e', 'f']) expect(vendor.purged.has(tag)).toBe(true)
  })

  test('refuses the credentials is tried again, slower and slower, and nothing is given up', async () => {
    const { cache, vendor, clock, edge, events } = rig('fastly')
    vendor.faults.push(...Array.from({ length: 5 }, () => ({ status: 403, body: 'no' })))
    void cache.invalidateTags('a')
    await clock.advance(200 + 400 + 800 + 1_600 + 3_200)
    expect(vendor.purged.get('a')).toHaveLength(1)
    expect(events).toEqual(['degraded edge error', 'recovered edge'])
    expect(await edge.deadLetters()).toEqual([])
  })
})

describe('a bulk removal', () => {
  for (const name of ['fastly', 'cloudflare', 'cloudfront', 'akamai', 'bunny', 'google', 'http']) {
    test(`of 10,000 keys is through in time at ${name}: exact where that is fast enough, else by its group`, async () => {
      const { cache, vendor, clock, edge } = rig(name, { inFlight: 0, wait: 0 })
      const users = cache.define({ name: 'user', load: (id: number) => id })
      void users.delete(...Array.from({ length: 10_000 }, (_, id) => id))
      await clock.advance(30_000)
      expect(vendor.violations).toEqual([])
      expect(edge.pending).toBe(0)
      const { escalated } = edge.stats()
      const exact = vendor.purged.size === 10_002
      expect(escalated === 0 ? exact : vendor.purged.has(edge.tagFor('!d#user@1'))).toBe(true)
    })
  }

  test('is spread over time where exact names are wanted, within the limits, in the time that they allow', async () => {
    const { cache, vendor, clock, edge } = rig('cloudflare', { inFlight: 0, wait: 0, maxDelay: '24h' })
    const tags = Array.from({ length: 4_000 }, (_, i) => `tag-${i}`)
    void cache.invalidateTags(tags)
    // 8,001 names by 100 are 81 calls; 25 at once and 5 a minute after that.
    await clock.advance((81 - 25) * 12_000 * 1.05)
    expect(vendor.violations).toEqual([])
    expect(edge.pending).toBe(0)
    for (const tag of tags) expect(vendor.purged.has(tag)).toBe(true)
  })
})

describe('an edge', () => {
  test('tells nobody its secrets: not in a dry run, not in errors', async () => {
    for (const provider of providers()) {
      const clock = fakeClock()
      const errors: unknown[] = []
      const edge = cdn({ provider, name: 'edge', fetch: () => Promise.reject(new TypeError('fetch failed')) })
      const cache = createCache({ namespace: 'shop', clock, tiers: [memory(), edge] })
      cache.on('degraded', (event) => errors.push(String(event.error)))
      edge.plan(
        { method: 'GET', status: 200, asked: new Headers(), answered: new Headers(), reads: [], took: 0 },
        '/',
      )
      void cache.delete('k')
      await clock.advance(1_000)
      const shown = JSON.stringify([await edge.dryRun({ keys: ['=k'] }), errors, edge])
      expect(shown).not.toContain('t0ken-not-to-be-seen')
    }
  })

  test('shortens the life of new pages while its purges do not get through', async () => {
    const { cache, clock, vendor, edge } = rig('fastly', {
      lagBudget: '10s',
      degradedTtl: '30s',
      maxBackoff: '1s',
    })
    const life = () => {
      const read = {
        namespace: 'shop',
        key: '=k',
        tier: 'memory',
        tags: [],
        ttl: 600_000,
        swr: 0,
        staleIfError: 0,
        age: 0,
        current: () => true,
      }
      const facts = {
        method: 'GET',
        status: 200,
        asked: new Headers(),
        answered: new Headers(),
        reads: [read],
        took: 0,
      }
      return Object.fromEntries(edge.plan(facts, '/').headers)['surrogate-control']
    }
    expect(life()).toBe('max-age=600')
    vendor.faults.push(...Array.from({ length: 30 }, () => ({ status: 500, body: '' })))
    void cache.delete('k')
    await clock.advance(9_000)
    expect(life()).toBe('max-age=600')
    await clock.advance(2_000)
    expect(life()).toBe('max-age=30')
    await clock.advance(60_000)
    expect(life()).toBe('max-age=600')
  })

  test('without a durable queue gets its purges out before it closes', async () => {
    const { cache, vendor, clock } = rig('fastly', {}, 20)
    void cache.invalidateTags('a')
    await clock.settle()
    const closing = cache.close()
    await clock.advance(3_000)
    await closing
    expect(vendor.purged.has('a')).toBe(true)
  })

  test('serves one cache', () => {
    const edge = cdn({ provider: named('fastly') })
    createCache({ namespace: 'a', tiers: [edge] })
    expect(() => createCache({ namespace: 'b', tiers: [edge] })).toThrow(/serves one already/)
  })

  test('first tells the others, and then the vendor, a little later where others are told by a bus', async () => {
    const { inProcessBus, processStore } = await import('@tierstack/cache-testing')
    const clock = fakeClock()
    const provider = named('http')
    const own = vendor(provider, clock)
    const edge = cdn({ provider, name: 'edge', fetch: fetchOf(own, clock) })
    const store = processStore({ clock, bus: inProcessBus({ clock }) })
    const cache = createCache({ namespace: 'shop', clock, tiers: [memory(), store.tier(), edge] })
    await clock.settle()
    void cache.invalidateTags('a')
    await clock.advance(9)
    expect(own.calls).toBe(0)
    await clock.advance(1)
    expect(own.purged.get('a')).toHaveLength(1)
    await clock.advance(4_499)
    expect(own.purged.get('a')).toHaveLength(1)
    await clock.advance(1)
    expect(own.purged.get('a')).toHaveLength(2)
  })
})
