import { expect, test } from 'vitest'
import { openReadScope } from '../src/index.ts'
import type { EntryRead } from '../src/index.ts'
import { memoryNode, oneNode } from './rig.ts'

/** What `work` reads, in the order of the answers. */
async function readsOf(work: () => unknown): Promise<EntryRead[]> {
  const reads: EntryRead[] = []
  const scope = openReadScope((read) => reads.push(read))
  try {
    await scope.run(work)
  } finally {
    scope.close()
  }
  return reads
}

test('a scope is told of a load, a backfill and a local hit alike: key, all tags, and the life that remains', async () => {
  await using node = oneNode({ ttl: '60s', jitter: false, swr: '10s', staleIfError: '20s' })
  const users = node.cache.namespace('people').define({
    name: 'user',
    load: (id: number) => ({ id }),
    tags: ({ id }) => [`user:${id}`],
  })
  const expected = {
    namespace: 'test',
    key: 'people#user@1:n7',
    tags: ['!dpeople#user@1', '!npeople', 'user:7'],
    swr: 10_000,
    staleIfError: 20_000,
  }
  const [loaded] = await readsOf(() => users(7))
  expect(loaded).toMatchObject({ ...expected, tier: undefined, ttl: 60_000, age: 0 })
  await node.clock.advance(5_000)
  const [local] = await readsOf(() => users(7))
  expect(local).toMatchObject({ ...expected, tier: 'memory', ttl: 55_000, age: 5_000 })
  const [peeked] = await readsOf(() => users.peek(7))
  expect(peeked).toMatchObject({ ...expected, ttl: 55_000 })
  const [far] = await readsOf(() => users(7, { skip: ['memory'] }))
  expect(far).toMatchObject({ ...expected, tier: 'store', ttl: 55_000 })
  expect(local?.current()).toBe(true)
  await node.cache.invalidateTags('user:7')
  expect([loaded, local, peeked, far].map((read) => read?.current())).toEqual([false, false, false, false])
})

test('who joins a load is told of it in its own scope', async () => {
  await using node = memoryNode()
  let release: (value: string) => void = () => {}
  const load = () => new Promise<string>((resolve) => (release = resolve))
  const first = readsOf(() => node.cache.getOrSet('k', load))
  const second = readsOf(() => node.cache.getOrSet('k', load))
  await node.clock.settle()
  release('v')
  expect([await first, await second].map((reads) => reads.map(({ key }) => key))).toEqual([['=k'], ['=k']])
})

test('what is stale, absent, not stored, or read beside the cache may be kept nowhere', async () => {
  await using node = memoryNode({ ttl: '10s', jitter: false, swr: '60s' })
  await node.cache.set('k', 'v')
  await node.clock.advance(11_000)
  const reads = await readsOf(async () => {
    await node.cache.get('k')
    await node.cache.get('absent')
    node.cache.peek('absent')
    await node.cache.getOrSet('skipped', (context) => {
      context.skip()
      return 1
    })
    await node.cache.deferred(() => node.cache.getOrSet('inside', () => 1))
  })
  expect(reads.map(({ key, ttl }) => [key, ttl])).toEqual([
    ['=k', 0],
    ['=absent', 0],
    ['=absent', 0],
    ['=skipped', 0],
    ['=inside', 0],
  ])
})

test('a value whose key was removed while it was loaded may be kept nowhere', async () => {
  await using node = memoryNode()
  let release: (value: string) => void = () => {}
  const reading = readsOf(() =>
    node.cache.getOrSet('k', () => new Promise<string>((resolve) => (release = resolve))),
  )
  await node.clock.settle()
  await node.cache.delete('k')
  release('old')
  const [read] = await reading
  expect(read?.ttl).toBe(0)
  expect(read?.current()).toBe(false)
})

test('scopes side by side are told apart, an outer one hears the inner one, and a closed one hears nothing', async () => {
  await using node = memoryNode()
  for (const key of ['a', 'b', 'c', 'd']) await node.cache.set(key, key)
  const outer: string[] = []
  const inner: string[] = []
  const scope = openReadScope(({ key }) => outer.push(key))
  const [beside] = await Promise.all([
    readsOf(() => node.cache.get('c')),
    scope.run(async () => {
      await node.cache.get('a')
      const nested = openReadScope(({ key }) => inner.push(key))
      await nested.run(() => node.cache.get('b'))
      nested.close()
    }),
  ])
  scope.close()
  scope.close()
  await scope.run(() => node.cache.get('d'))
  await node.cache.get('d')
  expect({ outer, inner, beside: beside.map(({ key }) => key) }).toEqual({
    outer: ['=a', '=b'],
    inner: ['=b'],
    beside: ['=c'],
  })
})
