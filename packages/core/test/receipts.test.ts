import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import type { EdgeHost, EdgeOutcome, EdgePurge, EdgeTier, Receipt } from '../src/index.ts'
import { finish, memoryNode, oneNode } from './rig.ts'

interface FakeEdge extends EdgeTier<'cdn'> {
  readonly announced: EdgePurge[]
  readonly purged: EdgePurge[]
  readonly hosts: EdgeHost[]
  broken: boolean
  outcome: EdgeOutcome
}

function edge(): FakeEdge {
  const announced: EdgePurge[] = []
  const purged: EdgePurge[] = []
  const hosts: EdgeHost[] = []
  return {
    kind: 'edge',
    name: 'cdn',
    purged,
    broken: false,
    announced,
    hosts,
    outcome: 'purged',
    pending: 0,
    open: (host) => hosts.push(host),
    announce(what) {
      announced.push(what)
      return Promise.resolve()
    },
    purge(what) {
      if (this.broken) return Promise.reject(new Error('the vendor is away'))
      purged.push(what)
      return Promise.resolve(this.outcome)
    },
    close: () => Promise.resolve(),
  }
}

describe('receipts', () => {
  test('name every tier that confirmed, and whether others were told', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v')
    const all = { confirmed: ['store', 'memory'], queued: [], durable: [], bus: 'sent' }
    expect(await node.cache.delete('k')).toEqual(all)
    expect(await node.cache.expire('k')).toEqual(all)
    expect(await node.cache.invalidateTags(['a', 'b'])).toEqual(all)
    expect(await node.cache.deletePattern('a:*')).toEqual(all)
    expect(await node.cache.clear()).toEqual(all)
  })

  test('memory alone has no bus', async () => {
    await using node = memoryNode()
    expect(await node.cache.delete('k')).toEqual({
      confirmed: ['memory'],
      queued: [],
      durable: [],
      bus: 'none',
    })
  })

  test('removing nothing asks nobody', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.store.calls.length = 0
    expect(await node.cache.delete()).toMatchObject({ queued: [] })
    expect(await node.cache.invalidateTags([])).toMatchObject({ queued: [] })
    expect(node.store.calls).toEqual([])
  })

  test('duplicates are removed once, in one request', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.store.calls.length = 0
    await node.cache.delete('a', 'b', 'a')
    expect(node.store.transcript('a')).toEqual(['delete =a =b'])
  })

  test('an edge is purged last, and once it failed it is in the queue and tried again', async () => {
    const clock = fakeClock()
    const cdn = edge()
    const store = processStore({ clock, bus: inProcessBus({ clock }) })
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), store.tier(), cdn] })
    expect(await cache.delete('k')).toEqual({
      confirmed: ['store', 'memory', 'cdn'],
      queued: [],
      durable: [],
      bus: 'sent',
    })
    cdn.broken = true
    expect(await cache.invalidateTags('t', { soft: true })).toMatchObject({ queued: ['cdn'] })
    expect((await cache.health())['cdn'].state).toBe('degraded')
    cdn.broken = false
    await clock.advance(1_000)
    expect(cdn.purged).toEqual([
      { keys: ['=k'], soft: false },
      { tags: ['t'], soft: true },
    ])
    expect(cache.stats().tiers['cdn']?.queued).toBe(0)
    await cache.clear()
    expect(cdn.purged.at(-1)).toEqual({ all: true })
    await finish(clock, cache.close())
  })

  test('an edge writes a purge down before any tier is told, and before a write commits', async () => {
    const clock = fakeClock()
    const cdn = edge()
    const store = processStore({ clock, bus: inProcessBus({ clock }) })
    const tier = store.tier()
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), tier, cdn] })
    await clock.settle()
    const order: string[] = []
    cdn.announce = (what) => {
      order.push(`announce ${(what.keys ?? what.tags ?? ['all']).join()}`)
      return Promise.resolve()
    }
    const remove = tier.delete.bind(tier)
    tier.delete = (keys) => {
      order.push(`delete ${keys.join()}`)
      return remove(keys)
    }
    cdn.purge = (what) => {
      order.push(`purge ${(what.keys ?? what.tags ?? ['all']).join()}`)
      return Promise.resolve('purged')
    }
    await cache.delete('k')
    await cache.write('w', () => {
      order.push('commit')
    })
    expect(order).toEqual([
      'announce =k',
      'delete =k',
      'purge =k',
      'announce =w',
      'commit',
      'delete =w',
      'purge =w',
    ])
    await finish(clock, cache.close())
  })

  test('whatever removes writes each purge down once', async () => {
    const clock = fakeClock()
    const cdn = edge()
    const store = processStore({ clock, bus: inProcessBus({ clock }) })
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), store.tier(), cdn] })
    const rows = new Map<number, string>()
    const row = cache.define<number, string>({
      name: 'row',
      load: (id) => rows.get(id) ?? 'nothing',
      save: async (id, value) => void rows.set(id, value),
      write: 'through',
    })
    await clock.settle()
    const verbs: (() => Promise<unknown>)[] = [
      () => cache.delete('k'),
      () => cache.expire('k'),
      () => cache.set('k', 1),
      () => cache.invalidateTags('t'),
      () => cache.write('k', () => undefined),
      () => cache.write(['a', 'b', 'a'], () => undefined),
      () => row.write(1, 'new'),
      () => row.update(1, (old) => `${old}er`),
      () => cache.clear(),
    ]
    for (const verb of verbs) {
      await finish(clock, verb())
      const told = (list: readonly EdgePurge[]) => list.map((what) => JSON.stringify(what))
      expect([verb.toString(), told(cdn.announced)]).toEqual([verb.toString(), told(cdn.purged)])
    }
    await finish(clock, cache.close())
  })

  test('a purge that was written down is durable, which strict accepts', async () => {
    const clock = fakeClock()
    const cdn = edge()
    cdn.outcome = 'durable'
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), cdn], invalidation: 'strict' })
    expect(await cache.delete('k')).toEqual({
      confirmed: ['memory'],
      queued: [],
      durable: ['cdn'],
      bus: 'none',
    } satisfies Receipt)
    cdn.broken = true
    await expect(cache.delete('k')).rejects.toMatchObject({ code: 'REMOVAL_QUEUED' })
    await finish(clock, cache.close())
  })

  test('an edge that hangs holds nobody up for longer than the timeout of removals', async () => {
    const clock = fakeClock()
    const cdn = edge()
    cdn.announce = () => new Promise(() => {})
    cdn.purge = () => new Promise(() => {})
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), cdn] })
    const receipt = cache.delete('k')
    await clock.advance(500)
    await clock.advance(500)
    expect(await receipt).toMatchObject({ confirmed: ['memory'], queued: ['cdn'] })
    await finish(clock, cache.close())
  })

  test('an edge that fails and recovers is one event each, and says so in health', async () => {
    const clock = fakeClock()
    const cdn = edge()
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), cdn] })
    const seen: string[] = []
    cache.on('degraded', ({ tier, why }) => seen.push(`degraded ${tier} ${why}`))
    cache.on('recovered', ({ tier, downMs }) => seen.push(`recovered ${tier} ${downMs}`))
    const [host] = cdn.hosts
    expect(host).toMatchObject({ namespace: 'test', others: false })
    const error = new Error('401')
    host?.degraded('error', error)
    host?.degraded('error', error)
    expect(await cache.health()).toMatchObject({ cdn: { state: 'degraded', error } })
    await clock.advance(70)
    host?.recovered()
    host?.recovered()
    expect(await cache.health()).toMatchObject({ cdn: { state: 'up', error: undefined } })
    expect(seen).toEqual(['degraded cdn error', 'recovered cdn 70'])
    await finish(clock, cache.close())
  })

  test('strict: a rejection that names who did not confirm', async () => {
    await using node = oneNode({ invalidation: 'strict' })
    await node.clock.settle()
    node.tier.plan = { delete: 'drop' }
    await expect(node.cache.delete('k')).rejects.toMatchObject({
      code: 'REMOVAL_QUEUED',
      message:
        'Expected every tier to confirm the removal, `store` did not; it is queued and will be applied',
    })
  })

  test('strict inside deferred: all removals are made, whichever of them is queued', async () => {
    await using node = oneNode({ invalidation: 'strict' })
    await node.cache.set('k', 'v')
    await node.cache.set('l', 'v', { tags: ['t'] })
    node.tier.plan = { delete: 'drop' }
    await expect(
      node.cache.deferred(async () => {
        await node.cache.delete('k')
        await node.cache.invalidateTags('t')
      }),
    ).rejects.toMatchObject({ code: 'REMOVAL_QUEUED' })
    expect(await node.cache.getMany(['k', 'l'])).toEqual([undefined, undefined])
  })

  test('a tier that lies about success is not noticed here, but the key is gone from this process', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v')
    node.tier.plan = { delete: 'lie' }
    await node.cache.delete('k')
    expect(node.cache.peek('k')).toBeUndefined()
  })
})
