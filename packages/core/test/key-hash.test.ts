import { memory } from '@tierstack/cache-memory'
import { encrypt, hmacKeys, json, keyRing } from '@tierstack/cache-serializers'
import { fakeClock, inProcessBus, processQueue, processStore } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import type { EdgePurge, EdgeTier, LocalTier, RemoteTier } from '../src/index.ts'
import type { AuditRecord, CacheOptions } from '../src/index.ts'

const secret = new Uint8Array(32).fill(9)
const encryption = () => encrypt({ keys: keyRing([{ id: 'k', secret: new Uint8Array(32).fill(1) }]) })
const planted = 'ada@lovelace.example'

type Tiers = readonly [LocalTier<'memory'>, RemoteTier<'store'>, EdgeTier<'edge'>]
type Options = Partial<CacheOptions<Tiers>> & { readonly sealed?: false }

function setUp({ sealed, ...options }: Options = {}, clock: FakeClock = fakeClock()) {
  const bus = inProcessBus({ clock })
  const store = processStore({ clock, bus })
  const purges: EdgePurge[] = []
  const edge: EdgeTier<'edge'> = {
    kind: 'edge',
    name: 'edge',
    open: () => {},
    announce: async (what) => void purges.push(what),
    purge: async (what) => {
      purges.push(what)
      return 'purged'
    },
    pending: 0,
    close: async () => {},
  }
  const make = () =>
    createCache({
      namespace: 'test',
      clock,
      jitter: false,
      codec: json(),
      ...(sealed !== false && { encryption: encryption() }),
      keyHash: hmacKeys({ secret }),
      ...options,
      tiers: [memory(), store.tier(), edge],
    })
  return { clock, bus, store, purges, make }
}

/** All that a store was asked and holds, as text. */
function heldBy({ store }: ReturnType<typeof setUp>): string {
  const words: string[] = [...store.transcript()]
  const look = (thing: unknown, depth: number): void => {
    if (thing instanceof Uint8Array) words.push(Buffer.from(thing).toString('latin1'))
    else if (thing instanceof Map) look([...thing], depth + 1)
    else if (typeof thing === 'object' && thing !== null && depth < 8)
      for (const value of Object.values(thing)) look(value, depth + 1)
    else words.push(String(thing))
  }
  look(store.snapshot().spaces, 0)
  return words.join('\n')
}

test('nothing of inputs, raw keys and tags is in what leaves the process, whatever is done', async () => {
  const queue = processQueue()
  const records: AuditRecord[] = []
  const it = setUp({
    writeQueue: queue.connect(),
    audit: { sink: async (some) => void records.push(...some) },
  })
  const sent: unknown[] = []
  const send = it.bus.send.bind(it.bus)
  it.bus.send = (...words) => {
    sent.push(words)
    send(...words)
  }
  const [a, b] = [it.make(), it.make()]
  const told: unknown[] = []
  for (const event of ['hit', 'miss', 'load', 'backfill', 'invalidate', 'fenced'] as const)
    a.on(event, (e) => told.push({ ...e, key: 'key' in e ? e.key() : '' }))
  const define = (cache: typeof a) =>
    cache.define({
      name: 'person',
      version: 2,
      audit: true,
      load: (mail: string, { tag }) => {
        tag(`mail:${mail}`)
        return { mail }
      },
      tags: (_, mail) => [`person:${mail}`],
    })
  const [one, other] = [define(a), define(b)]
  const composite = a.define({ name: 'pair', key: (x: { mail: string }) => [x.mail, 1], load: (x) => x.mail })
  const behind = a.define({
    name: 'behind',
    write: 'behind',
    load: (mail: string) => mail,
    save: () => Promise.reject(new Error('not yet')),
  })
  await one(planted)
  expect(await other(planted)).toEqual({ mail: planted })
  await composite({ mail: planted })
  await a.set(`user:${planted}:x`, 1, { tags: [`t:${planted}`] })
  await a.getOrSetMany([planted], (keys) => keys.map(() => 1))
  await one.set(planted, { mail: planted })
  await one.write(planted, async () => ({ mail: planted }))
  await behind.write(planted, planted)
  await one.expire(planted)
  await one.delete(planted)
  await a.invalidateTags([`mail:${planted}`, `t:${planted}`], { soft: true })
  await a.deletePattern(`user:${planted}:*`)
  await a.changed({ kind: 'tags', tags: [`person:${planted}`], soft: false })
  it.store.down()
  await one.delete(planted)
  it.store.up()
  await it.clock.advance(1_000)
  const pending = queue.pendingKeys('#behind')
  expect(pending).toHaveLength(1)
  const out = JSON.stringify([sent, it.purges, told, records, pending, a.stats()]) + heldBy(it)
  expect(out.length).toBeGreaterThan(2_000)
  expect(out).toContain('person')
  expect(out).not.toContain('ada@')
  expect(out).not.toContain('lovelace')
  for (const cache of [a, b]) void cache.close()
})

test('entries are found, removed and explained by what they were stored under, in every process', async () => {
  const it = setUp()
  const [a, b] = [it.make(), it.make()]
  const define = (cache: typeof a) =>
    cache.define({ name: 'row', version: 3, load: (id: number) => ({ id }), tags: (_, id) => [`row:${id}`] })
  const [one, other] = [define(a), define(b)]
  const filled = async () => {
    await one(1)
    await a.set('k:1', 'v', { tags: ['t'] })
    await it.clock.settle()
    expect(await other(1)).toEqual({ id: 1 })
    expect(await b.get('k:1')).toBe('v')
    expect([other.peek(1), b.peek('k:1')]).toEqual([{ id: 1 }, 'v'])
  }
  const peeks = () => [other.peek(1), b.peek('k:1')]
  await filled()
  expect((await other.explain(1)).steps.map(({ outcome }) => outcome)).toEqual(['hit', 'hit'])
  expect((await b.explain('k:1')).steps.map(({ outcome }) => outcome)).toEqual(['hit', 'hit'])
  expect((await b.byKey(one.keyFor(1)).entry())?.value).toEqual({ id: 1 })
  for (const [remove, left] of [
    [() => one.delete(1), [undefined, 'v']],
    [() => a.delete('k:1'), [{ id: 1 }, undefined]],
    [() => a.invalidateTags('row:1'), [undefined, 'v']],
    [() => a.invalidateTags('t'), [{ id: 1 }, undefined]],
    [() => a.changed({ kind: 'tags', tags: ['row:1'], soft: false }), [undefined, 'v']],
    [() => a.changed({ kind: 'keys', keys: [one.keyFor(1)], soft: false }), [undefined, 'v']],
    [() => a.deletePattern('k:*'), [{ id: 1 }, undefined]],
    [() => one.clear(), [undefined, 'v']],
    [() => a.clear(), [undefined, undefined]],
  ] as const) {
    await filled()
    await remove()
    expect(peeks()).toEqual(left)
  }
  // The version beside shares removals.
  const older = b.define({ name: 'row', version: 2, load: (id: number) => `old ${id}` })
  await older(1)
  expect(older.peek(1)).toBe('old 1')
  await one.delete(1)
  expect(older.peek(1)).toBeUndefined()
  for (const cache of [a, b]) void cache.close()
})

test('a hit in memory is counted as one, and different inputs, definitions and tenants have different names', async () => {
  const it = setUp({ tenant: true })
  const cache = it.make()
  const [row, same] = ['row', 'same'].map((name) =>
    cache.define({ name, load: (id: unknown) => [id] as unknown }),
  )
  if (!row || !same) throw new Error('two definitions')
  await cache.withTenant('a', async () => {
    await row('1')
    await row('1')
    await row.many(['1', '1'])
  })
  expect(cache.stats().definitions['row']?.hits['memory']).toBe(3)
  const input = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.array(fc.string(), { maxLength: 2 }),
    fc.constant(null),
  )
  const tail = (key: string) => key.slice(key.lastIndexOf(':'))
  fc.assert(
    fc.property(input, input, (x, y) => {
      fc.pre([x, y].every((one) => JSON.stringify(one).isWellFormed()))
      const [a, b] = [row, same].map((one) => cache.withTenant('a', () => tail(one.keyFor(x))))
      expect(a).toMatch(/^:k[\w-]{32}$/)
      expect(a).not.toBe(b)
      expect(a).not.toBe(cache.withTenant('b', () => tail(row.keyFor(x))))
      const equal = JSON.stringify(x) === JSON.stringify(y)
      expect(a === cache.withTenant('a', () => tail(row.keyFor(y)))).toBe(equal)
    }),
  )
  void cache.close()
})

test('the same key and tag of two tenants have nothing in common, nor has the same key of two namespaces', async () => {
  const hash = hmacKeys({ secret })
  const names: string[] = []
  const keyHash = {
    hash(text: string): string {
      const name = hash.hash(text)
      names.push(name)
      return name
    },
  }
  const it = setUp({ tenant: true, keyHash })
  const cache = it.make()
  const inner = cache.namespace('inner')
  const tags = ['user']
  for (const tenant of ['a', 'b']) {
    await cache.withTenant(tenant, async () => {
      await cache.set('user:7', 1, { tags })
      await inner.set('user:7', 1)
    })
  }
  // Of each of the two: two keys, the prefix of each, and a tag.
  expect(new Set(names).size).toBe(10)
  void cache.close()
})

test('a queue of writes that would hold inputs in the open is refused', () => {
  const { make } = setUp({ sealed: false, writeQueue: processQueue().connect() })
  const cache = make()
  const behind = () =>
    cache.define({ name: 'b', write: 'behind', load: (id: string) => id, save: async () => {} })
  expect(behind).toThrow('Expected `encryption` to be given, as `keyHash` is')
})
