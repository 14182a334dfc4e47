import { AsyncLocalStorage } from 'node:async_hooks'
import { memory } from '@tierstack/cache-memory'
import { encrypt, keyRing, tenantKeys } from '@tierstack/cache-serializers'
import type { WrappedKey } from '@tierstack/cache-serializers'
import { fakeClock, inProcessBus, processStore, seededRandom } from '@tierstack/cache-testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCache, systemClock } from '../src/index.ts'
import type { CacheOptions, Clock, Encryption, LocalTier, RemoteTier } from '../src/index.ts'
import { tagPrefixOf, tenantOf, tenantPath } from '../src/tenant-name.ts'

const current = new AsyncLocalStorage<string>()
const as = <R>(tenant: string, work: () => R): R => current.run(tenant, work)
const tick = () => new Promise((resolve) => setImmediate(resolve))

type Options = Partial<CacheOptions<readonly [LocalTier<'memory'>, RemoteTier<'store'>]>>

/** Two processes on one store. */
function setUp(options: Options = {}, clock: Clock = fakeClock()) {
  const bus = inProcessBus({ clock })
  const store = processStore({ clock, bus })
  const make = () =>
    createCache({
      namespace: 'test',
      clock,
      jitter: false,
      tenant: () => current.getStore(),
      ...options,
      tiers: [memory(), store.tier()],
    })
  return { clock, store, make }
}

describe('names of tenants', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })

  test('come back from keys, and no two share the beginning of a key or a tag', () => {
    fc.assert(
      fc.property(name, name, fc.constantFrom('', '/shop', '/shop/cart'), (a, b, below) => {
        fc.pre(a.isWellFormed() && b.isWellFormed())
        for (const rest of ['#row@1:n1', '=key', '~hash'])
          expect(tenantOf(tenantPath(a) + below + rest)).toBe(a)
        expect(tagPrefixOf(tenantPath(a) + below)).toBe(`${tenantPath(a)}/`)
        if (a === b) return
        for (const end of ['#', '=', '~', '/']) {
          expect((tenantPath(a) + end).startsWith(tenantPath(b) + end)).toBe(false)
        }
      }),
    )
  })

  test('that are none are an empty one, and never throw', () => {
    for (const key of ['', '@', '@%', '@%ff#x', '=@a', '#row@1:n1']) expect(tenantOf(key)).toBe('')
  })
})

describe('an operation without a tenant', () => {
  test('throws, whichever it is, and does nothing', async () => {
    const { make, store } = setUp()
    await using cache = make()
    let loads = 0
    const row = cache.define({ name: 'row', load: () => ++loads })
    const wrapped = cache.wrap(() => ++loads, { name: 'wrapped' })
    const space = cache.namespace('shop')
    const calls: (() => unknown)[] = [
      () => cache.get('k'),
      () => cache.peek('k'),
      () => cache.getOrSet('k', () => ++loads),
      () => cache.getMany(['k']),
      () => cache.getOrSetMany(['k'], () => [++loads]),
      () => cache.set('k', 1),
      () => cache.setMany([['k', 1]]),
      () => cache.has('k'),
      () => cache.delete('k'),
      () => cache.expire('k'),
      () => cache.invalidateTags('t'),
      () => cache.erase('t'),
      () => cache.deletePattern('a:*'),
      () => cache.clear(),
      () => cache.write('k', () => ++loads),
      () => cache.explain('k'),
      () => space.get('k'),
      () => space.clear(),
      () => row(1),
      () => row.peek(1),
      () => row.many([1]),
      () => row.settled([1]),
      () => row.entry(1),
      () => row.set(1, 1),
      () => row.write(1, () => Promise.resolve(1)),
      () => row.delete(1),
      () => row.expire(1),
      () => row.refresh(1),
      () => row.warm([1]),
      () => row.clear(),
      () => row.explain(1),
      () => row.keyFor(1),
      () => row.uncached(1),
      () => wrapped(),
      () => wrapped.delete(),
      () => cache.deferred(() => cache.set('k', 1)),
    ]
    store.calls.length = 0
    for (const call of calls) {
      const outcome = await Promise.resolve()
        .then(call)
        .then(
          () => `${String(call)} went through`,
          (error: unknown) => (error as { code?: string }).code,
        )
      expect(outcome).toBe('NO_TENANT')
    }
    expect([loads, store.transcript().filter((line) => !line.includes('hello'))]).toEqual([0, []])
  })

  test.each([undefined, null, '', 7, 'x'.repeat(129), {}, '\ud800'])('%j is none', async (tenant) => {
    const { make } = setUp({ tenant: () => tenant as string })
    await using cache = make()
    await expect(cache.get('k')).rejects.toMatchObject({ code: 'NO_TENANT' })
  })

  test('a wrong definition is refused at once, without one', async () => {
    const { make } = setUp()
    await using cache = make()
    expect(() => cache.define({ name: 'row', load: 7 as never })).toThrow('Expected `load` to be a function')
    cache.define({ name: 'row', load: () => 1 })
    expect(() => cache.define({ name: 'row', load: () => 1 })).toThrow('a name and version of its own')
    expect(() => cache.define({ name: 'b', write: 'behind', save: async () => {}, load: () => 1 })).toThrow(
      "'invalidate' or 'through' in a cache with tenants",
    )
  })
})

describe('tenants', () => {
  test('see their own entries, under the same keys and tags, in every process', async () => {
    const { make } = setUp()
    await using a = make()
    await using b = make()
    for (const tenant of ['acme', 'globex']) {
      await as(tenant, () => a.set('k', `of ${tenant}`, { tags: ['t'] }))
    }
    const everyone = () =>
      Promise.all(['acme', 'globex', 'other'].map((tenant) => as(tenant, () => b.get('k'))))
    expect(await everyone()).toEqual(['of acme', 'of globex', undefined])
    await as('acme', () => a.invalidateTags('t'))
    expect(await everyone()).toEqual([undefined, 'of globex', undefined])
    await as('globex', () => a.delete('k'))
    expect(await everyone()).toEqual([undefined, undefined, undefined])
  })

  test('clear is one request, and leaves other tenants alone; everyTenant is for all', async () => {
    const { make, store } = setUp()
    await using a = make()
    await using b = make()
    const rows = [a, b].map((cache) =>
      cache.namespace('shop').define({ name: 'row', load: (id: number) => id }),
    )
    for (const tenant of ['acme', 'globex']) {
      await as(tenant, async () => {
        for (const row of rows) await row(1)
      })
    }
    store.calls.length = 0
    await as('acme', () => a.clear())
    expect(store.transcript()).toEqual(['node1 invalidate !n@acme'])
    const peeks = () => ['acme', 'globex'].map((tenant) => as(tenant, () => rows[1]?.peek(1)))
    expect(peeks()).toEqual([undefined, 1])
    await a.clear({ everyTenant: true })
    expect(peeks()).toEqual([undefined, undefined])
  })

  test('are chosen for a call by withTenant, which beats the function and needs none', async () => {
    const { make } = setUp({ tenant: true })
    await using cache = make()
    const row = cache.define({ name: 'row', load: (_: number, { tenant }) => `of ${tenant}` })
    expect(await cache.withTenant('acme', () => row(1))).toBe('of acme')
    expect(cache.withTenant('globex', () => row.peek(1))).toBeUndefined()
    expect(cache.withTenant('acme', () => row.keyFor(1))).toBe('@acme#row@1:n1')
    await expect(row(1)).rejects.toMatchObject({ code: 'NO_TENANT' })
    expect(() => cache.withTenant('', () => 1)).toThrow('a text of 1 to 128 characters')
    await using none = createCache({ namespace: 'x', tiers: [memory()] })
    expect(() => none.withTenant('acme', () => 1)).toThrow('Expected `tenant` to be given')
  })

  test('tags of a loader, of a value and of a prefix are theirs alone', async () => {
    const { make } = setUp()
    await using cache = make()
    const row = cache.define({
      name: 'row',
      tags: (_, id: number) => [`row:${id}`],
      load: (id: number, { tag }) => {
        tag('loaded')
        return id
      },
    })
    const both = ['acme', 'globex']
    const fill = () =>
      Promise.all(
        both.map((tenant) =>
          as(tenant, async () => {
            await row(1)
            await cache.set('a:b', 1)
          }),
        ),
      )
    const peeks = () => both.map((tenant) => as(tenant, () => row.peek(1)))
    for (const tag of ['row:1', 'loaded']) {
      await fill()
      await as('acme', () => cache.invalidateTags(tag))
      expect(peeks()).toEqual([undefined, 1])
    }
    await as('acme', () => cache.deletePattern('a:*'))
    expect(both.map((tenant) => as(tenant, () => cache.peek('a:b')))).toEqual([undefined, 1])
  })

  test('are counted, a bounded number of them by name', async () => {
    const { make } = setUp()
    await using cache = make()
    for (let i = 0; i < 150; i++) await as(`tenant ${i}`, () => cache.get('k'))
    const { tenants = {} } = cache.stats()
    expect(Object.keys(tenants)).toHaveLength(101)
    expect([tenants['tenant 0'], tenants['(others)']]).toEqual([1, 50])
  })
})

describe('whatever tenants do at once', () => {
  test('none ever gets, loads or changes what is of another', async () => {
    const { make } = setUp(
      {
        isolation: 'reference',
        bulkhead: { concurrentLoads: 3, queue: 100_000 },
        // Those who wait for a place, on a busy machine, are no fault.
        timeouts: { hard: '10m' },
      },
      systemClock,
    )
    await using a = make()
    await using b = make()
    const random = seededRandom(Number(process.env['TENANT_SEED'] ?? 7))
    const tenants = ['a', 'b', 'A', 'a/b', 'a#b', 'a%2Fb', '@a', 'ä', 'a=b', 'a~b']
    const wrong: string[] = []
    const mine = (what: string, value: unknown) => {
      const tenant = current.getStore()
      if (value !== undefined && value !== tenant)
        wrong.push(`${what}: ${JSON.stringify(value)} for ${tenant}`)
    }
    const caches = [a, b].map((cache) => {
      const single = cache.define({
        name: 'single',
        swr: '1s',
        ttl: '1s',
        tags: (_, id: number) => [`id:${id}`],
        load: async (id: number, { tenant }) => {
          mine('loader', tenant)
          if (id % 2 === 0) await tick()
          mine('loader, later', tenant)
          return current.getStore()
        },
      })
      const batched = cache.define({
        name: 'batched',
        load: () => current.getStore(),
        loadMany: async (ids: readonly number[]) => {
          await Promise.resolve()
          return ids.map(() => current.getStore())
        },
      })
      return { cache, single, batched }
    })
    // A million with TENANT_OPERATIONS=1000000, or in parts, each with a TENANT_SEED of its own.
    const operations = Number(process.env['TENANT_OPERATIONS'] ?? 2_000)
    const operate = async (): Promise<void> => {
      const { cache, single, batched } = random.pick(caches)
      const id = random.below(6)
      const key = `k:${id}`
      switch (random.below(16)) {
        case 0:
          return mine('get', await cache.get(key))
        case 1:
          return mine('getOrSet', await cache.getOrSet(key, () => current.getStore(), { tags: ['t'] }))
        case 2:
          return await cache.set(key, current.getStore(), { tags: [`id:${id}`] })
        case 3:
          return void (await single.delete(id))
        case 4:
          return void (await cache.invalidateTags(`id:${id}`))
        case 5:
          if (random.below(20) === 0) await cache.clear()
          return mine('peek', cache.peek(key))
        case 6:
          return await single.set(id, current.getStore())
        case 7:
          return mine('write', await single.write(id, async () => current.getStore()))
        case 8:
          for (const value of await batched.many([0, 1, 2, id])) mine('many', value)
          return
        case 9:
          for (const value of await cache.getOrSetMany([key, 'k:0'], (keys) =>
            keys.map(() => current.getStore()),
          ))
            mine('getOrSetMany', value)
          return
        case 10:
          return mine('entry', (await single.entry(id))?.value)
        case 11:
          return void (await batched.delete(id))
        case 12:
          return mine('batched', await batched(id))
        case 13:
          return mine('peek', single.peek(id))
        default:
          return mine('single', await single(id))
      }
    }
    // Many at once, of many tenants, so that they meet in batches, flights and queues. Nobody waits for all: most of the
    // time of an operation is that somebody else's load has to end first.
    let begun = 0
    const actor = async () => {
      while (begun++ < operations) await as(random.pick(tenants), operate)
    }
    await Promise.all(Array.from({ length: Math.min(1_000, operations / 10) }, actor))
    expect(wrong.slice(0, 5)).toEqual([])
  }, 3_600_000)
})

describe("destroying a tenant's keys", () => {
  test('under load makes what was stored unreadable in every process, and no reader gets an error', async () => {
    const rows = new Map<string, WrappedKey[]>()
    const keyStore = {
      list: async (tenant: string) => rows.get(tenant) ?? [],
      put: async (tenant: string, key: WrappedKey) =>
        void rows.set(tenant, [...(rows.get(tenant) ?? []), key]),
      remove: async (tenant: string) => void rows.delete(tenant),
    }
    const master = keyRing([{ id: 'm', secret: new Uint8Array(32).fill(3) }])
    const keysOf = () => tenantKeys({ master, store: keyStore })
    const [own, others] = [keysOf(), keysOf()]
    const store = processStore()
    const make = (encryption: Encryption) =>
      createCache({ namespace: 'test', tenant: true, ttl: '1h', encryption, tiers: [memory(), store.tier()] })
    await using a = make(encrypt({ keys: own }))
    await using b = make(encrypt({ keys: others }))
    let epoch = 0
    const define = (cache: typeof a) =>
      cache.define({ name: 'row', load: (id: number, { tenant }) => ({ id, tenant, epoch }) })
    const [rowA, rowB] = [define(a), define(b)]
    let over = false
    let reads = 0
    const readers = Array.from({ length: 6 }, async (_, i) => {
      const [cache, row] = i % 2 === 0 ? [a, rowA] : [b, rowB]
      const tenant = i % 3 === 0 ? 'globex' : 'acme'
      while (!over) {
        const id = reads++ % 20
        expect(await cache.withTenant(tenant, () => row(id))).toMatchObject({ id, tenant })
        await tick()
      }
    })
    for (epoch = 1; epoch <= 10; epoch++) {
      await own.shred('acme')
      await a.withTenant('acme', () => a.clear())
      const until = reads + 120
      while (reads < until) await tick()
      expect(await b.withTenant('acme', () => rowB(3))).toMatchObject({ epoch })
      expect(await b.withTenant('globex', () => rowB(3))).toMatchObject({
        epoch: expect.any(Number) as number,
      })
    }
    over = true
    await Promise.all(readers)
  })
})
