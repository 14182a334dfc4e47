import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import { memoryNode, oneNode, pair } from './rig.ts'

describe('namespaces', () => {
  test('clear concerns one namespace and what is below it, in one request, in every process', async () => {
    await using nodes = await pair()
    const spaces = (cache: typeof nodes.a) => ({
      shop: cache.namespace('shop'),
      cart: cache.namespace('shop').namespace('cart'),
      blog: cache.namespace('blog'),
    })
    const [a, b] = [spaces(nodes.a), spaces(nodes.b)]
    const title = a.shop.define({ name: 'title', load: (id: number) => `title ${id}` })
    for (const space of [nodes.a, a.shop, a.cart, a.blog]) await space.set('k', 'v')
    await title(1)
    await b.shop.get('k')
    await nodes.a.drain()
    nodes.store.calls.length = 0
    await a.shop.clear()
    expect(nodes.store.transcript('a')).toHaveLength(1)
    expect(await Promise.all([nodes.b, b.shop, b.cart, b.blog].map((space) => space.get('k')))).toEqual([
      'v',
      undefined,
      undefined,
      'v',
    ])
    expect(title.peek(1)).toBeUndefined()
  })

  test('clear of a definition leaves others alone', async () => {
    await using node = oneNode()
    const one = node.cache.define({ name: 'one', load: (id: number) => id })
    const two = node.cache.define({ name: 'two', load: (id: number) => id })
    await Promise.all([one(1), two(1)])
    await one.clear()
    expect([one.peek(1), two.peek(1)]).toEqual([undefined, 1])
    expect(await one.entry(1)).toBeUndefined()
  })

  test('two caches of different namespaces on one store never meet', async () => {
    const clock = fakeClock()
    const store = processStore({ clock, bus: inProcessBus({ clock }) })
    const make = (namespace: string) => createCache({ namespace, clock, tiers: [memory(), store.tier()] })
    await using shop = make('shop')
    await using blog = make('blog')
    await shop.set('k', 'shop')
    expect(await blog.get('k')).toBeUndefined()
    await blog.set('k', 'blog')
    await blog.clear()
    expect(await shop.get('k', { skip: ['memory'] })).toBe('shop')
  })

  test('tags are shared by all parts of a cache', async () => {
    await using node = memoryNode()
    await node.cache.namespace('a').set('k', 1, { tags: ['t'] })
    await node.cache.namespace('b').invalidateTags('t')
    expect(node.cache.namespace('a').peek('k')).toBeUndefined()
  })

  test('a policy of its own, on top of the one outside', async () => {
    await using node = memoryNode({ ttl: 1_000, swr: 500 })
    const quick = node.cache.namespace('quick', { ttl: 100 })
    await quick.set('k', 'v')
    await node.clock.advance(300)
    expect(await quick.getOrSet('k', () => 'v2')).toBe('v')
    const slow = quick.namespace('slow', { ttl: '1h', isolation: 'reference' })
    const value = { a: 1 }
    expect(await slow.getOrSet('k', () => value)).toBe(value)
    expect(Object.isFrozen(value)).toBe(false)
  })

  test('what the cache was told holds in its namespaces', async () => {
    await using node = memoryNode({ isolation: 'reference', ttl: 1_000 })
    const value = { a: 1 }
    const space = node.cache.namespace('a').namespace('b')
    expect(await space.getOrSet('k', () => value)).toBe(value)
    expect(Object.isFrozen(value)).toBe(false)
    await node.clock.advance(1_000)
    expect(space.peek('k')).toBeUndefined()
  })

  test.each(['namespace', 'definition'])(
    'clear of a %s during a load: its result is not stored',
    async (kind) => {
      await using nodes = await pair()
      const gate = Promise.withResolvers<string>()
      const spaces = [nodes.a, nodes.b].map((cache) => cache.namespace('shop'))
      const [a, b] = spaces.map((space) => space.define({ name: 'row', load: () => gate.promise }))
      const read = a?.(1)
      await nodes.clock.settle()
      await (kind === 'namespace' ? spaces[1] : b)?.clear()
      gate.resolve('old')
      expect(await read).toBe('old')
      await nodes.a.drain()
      expect([await a?.entry(1), await b?.entry(1)]).toEqual([undefined, undefined])
    },
  )

  test('a wrong name or policy is refused at once', async () => {
    await using node = memoryNode()
    expect(() => node.cache.namespace(undefined as never)).toThrow('Expected `namespace` to be 1 to 64')
    expect(() => node.cache.namespace('a/b')).toThrow('got `"a/b"` (string)')
    expect(() => node.cache.namespace('x'.repeat(65))).toThrow('Expected `namespace` to be 1 to 64')
    expect(() => node.cache.namespace('x', { tll: 1 } as never)).toThrow('did you mean `ttl`?')
  })
})

describe('deletePattern', () => {
  test('removes raw keys under a prefix of whole segments, far and in the memory of every process', async () => {
    await using nodes = await pair()
    const keys = ['user:1', 'user:1:a', 'user:1:b:c', 'user:12:a', 'user:2:a', 'xuser:1:a']
    await nodes.a.setMany(keys.map((key) => [key, key] as const))
    await nodes.b.getMany(keys)
    nodes.store.calls.length = 0
    await nodes.a.deletePattern('user:1:*')
    expect(nodes.store.transcript('a')).toEqual(['invalidate !p=user:1:'])
    const left = ['user:1', undefined, undefined, 'user:12:a', 'user:2:a', 'xuser:1:a']
    expect(keys.map((key) => nodes.b.peek(key))).toEqual(left)
    expect(await nodes.b.getMany(keys)).toEqual(left)
  })

  test('a load that was running under the prefix is not stored', async () => {
    await using nodes = await pair()
    const gate = Promise.withResolvers<string>()
    const read = nodes.a.getOrSet('user:1:a', () => gate.promise)
    await nodes.clock.settle()
    await nodes.b.deletePattern('user:1:*')
    gate.resolve('old')
    await read
    await nodes.a.drain()
    expect(await nodes.a.get('user:1:a')).toBeUndefined()
    expect(await nodes.b.get('user:1:a')).toBeUndefined()
  })

  test('long keys count by their first segments', async () => {
    await using node = oneNode()
    const key = `user:1:${'x'.repeat(1_000)}`
    await node.cache.set(key, 'v')
    await node.cache.deletePattern('user:1:*')
    expect(await node.cache.get(key)).toBeUndefined()
  })

  test('glob characters in keys mean nothing', async () => {
    await using node = oneNode()
    await node.cache.setMany([
      ['user:*:a', 1],
      ['user:1:a', 2],
    ])
    await expect(node.cache.deletePattern('user:*:*')).rejects.toMatchObject({ code: 'INVALID_KEY' })
    await node.cache.delete('user:*:a')
    expect(await node.cache.getMany(['user:*:a', 'user:1:a'])).toEqual([undefined, 2])
  })

  test.each([
    '*',
    'user*',
    'user:1',
    '*:1:*',
    'user:?:*',
    'user:[1]:*',
    '',
    ':',
    `${'a:'.repeat(9)}*`,
    undefined,
  ])('anything but whole segments is refused with a sentence (%j)', async (pattern) => {
    await using node = memoryNode()
    await expect(node.cache.deletePattern(pattern as string)).rejects.toThrow(
      'Expected a pattern of whole segments with `:*` at its end',
    )
  })
})

describe('deployments side by side', () => {
  test('neither version of a definition reads the entries of the other; what one removes is gone for both', async () => {
    await using nodes = await pair()
    const old = nodes.a.define({ name: 'user', load: (id: number) => ({ id, name: 'x' }) })
    const next = nodes.b.define({ name: 'user', version: 2, load: (id: number) => ({ id, names: ['x'] }) })
    await Promise.all([old(1), next(1)])
    await Promise.all([nodes.a.drain(), nodes.b.drain()])
    expect((await old.entry(1))?.value).toEqual({ id: 1, name: 'x' })
    expect((await next.entry(1))?.value).toEqual({ id: 1, names: ['x'] })
    expect((await old.entry(1))?.version).toBe('1')
    await next.clear()
    expect(await old.entry(1)).toBeUndefined()
    expect(await old(1)).toEqual({ id: 1, name: 'x' })
  })

  test('tags reach the entries of both', async () => {
    await using nodes = await pair()
    const old = nodes.a.define({ name: 'user', load: (id: number) => id, tags: () => ['users'] })
    const next = nodes.b.define({ name: 'user', version: 2, load: (id: number) => id, tags: () => ['users'] })
    await Promise.all([old(1), next(1)])
    await nodes.b.invalidateTags('users')
    expect([old.peek(1), next.peek(1)]).toEqual([undefined, undefined])
  })
})
