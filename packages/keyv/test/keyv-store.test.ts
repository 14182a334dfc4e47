import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv5'
import { expect, onTestFinished, test } from 'vitest'
import { keyvStore } from '../src/index.ts'

function build() {
  const clock = fakeClock({ wall: Date.now() })
  const cache = createCache({ namespace: 'app', tiers: [memory()], ttl: '1h', swr: '1h', clock })
  onTestFinished(() => cache.close())
  return { cache, clock }
}

test('an instant and a relative ttl end an entry at the same time, whichever Keyv passes it', async () => {
  const { cache, clock } = build()
  const store = keyvStore(cache)
  await store.set('relative', 'v', 1_000)
  await store.set('absolute', 'v', Date.now() + 1_000)
  await store.set('for ever', 'v')
  await store.set('over', 'v', Date.now() - 1)
  expect(await store.hasMany(['relative', 'absolute', 'for ever', 'over'])).toEqual([true, true, true, false])
  await clock.advance(1_001)
  expect(await store.hasMany(['relative', 'absolute', 'for ever'])).toEqual([false, false, true])
  await clock.advance(7_200_000)
  expect(await store.get('for ever')).toBe('v')
})

test('the windows of the cache do not apply: Keyv never gets a stale value', async () => {
  const { cache, clock } = build()
  const store = keyvStore(cache)
  await store.set('k', 'v', 1_000)
  await clock.advance(1_001)
  expect(await store.get('k')).toBeUndefined()
})

test('clear concerns one Keyv namespace, and no other part of the cache', async () => {
  const { cache } = build()
  const one = new Keyv6({ store: keyvStore(cache), namespace: 'one' })
  const two = new Keyv6({ store: keyvStore(cache), namespace: 'weird / näme' })
  await cache.set('k', 'own')
  await one.set('k', 1)
  await two.set('k', 2)
  await one.clear()
  expect([await one.get('k'), await two.get('k'), await cache.get('k')]).toEqual([undefined, 2, 'own'])
  await two.clear()
  expect([await two.get('k'), await cache.get('k')]).toEqual([undefined, 'own'])
})

test('many deletes are answered with one word for Keyv 5, and one each for Keyv 6', async () => {
  const { cache } = build()
  const [five, six] = [keyvStore(cache, { keyv: 5 }), keyvStore(cache)]
  await six.setMany([
    { key: 'a', value: '1' },
    { key: 'b', value: '2', expires: Date.now() + 60_000 },
  ])
  expect(await six.getMany(['a', 'b', 'c'])).toEqual(['1', '2', undefined])
  expect(await six.deleteMany(['a', 'c'])).toEqual([true, false])
  await five.setMany([{ key: 'a', value: '1', ttl: 60_000 }])
  expect(await five.deleteMany(['a', 'c'])).toBe(false)
  expect(await five.deleteMany(['b'])).toBe(true)
})

test('values that Keyv does not serialize are not shared with the caller', async () => {
  const { cache } = build()
  const keyv = new Keyv6({ store: keyvStore(cache), serialization: false })
  const value = { list: [1] }
  await keyv.set('k', value)
  value.list.push(2)
  const got = (await keyv.get('k')) as typeof value
  expect(got).toEqual({ list: [1] })
  got.list.push(3)
  expect(await keyv.get('k')).toEqual({ list: [1] })
})

test('disconnecting Keyv leaves the cache open', async () => {
  const { cache } = build()
  await new Keyv5({ store: keyvStore(cache, { keyv: 5 }) }).disconnect()
  await new Keyv6({ store: keyvStore(cache) }).disconnect()
  await cache.set('k', 1)
  expect(await cache.get('k')).toBe(1)
})

test.each([
  [() => keyvStore({} as never), 'Expected `cache` to be what `createCache` returns'],
  [
    () => keyvStore({ namespace: () => undefined } as never, { keyv: 4 } as never),
    'Expected `keyv` to be one of 5, 6',
  ],
  [() => keyvStore({ namespace: () => undefined } as never, { kev: 5 } as never), 'did you mean `keyv`?'],
])('what can not be meant is refused with a sentence', (wrong, sentence) => {
  expect(wrong).toThrow(sentence)
})
