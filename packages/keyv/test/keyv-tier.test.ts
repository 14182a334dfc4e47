import { systemClock } from '@tierstack/cache-core'
import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv5'
import { expect, expectTypeOf, test } from 'vitest'
import { keyvTier } from '../src/index.ts'
import type { KeyvAdapterLike, KeyvLike, KeyvTierOptions } from '../src/index.ts'

const bytes = Uint8Array.from([0, 1, 254, 255])

async function opened(store: KeyvLike | KeyvAdapterLike, options: KeyvTierOptions = {}) {
  const lost: unknown[] = []
  const tier = keyvTier(store, options)
  tier.open({
    namespace: 'shop',
    clock: systemClock,
    lost: (error) => lost.push(error),
    warn: () => undefined,
  })
  await tier.hello()
  return { tier, lost, put: (key: string) => tier.write([{ key, bytes, expiresAt: Infinity }]) }
}

test('the store holds bytes where it can, and base64 where it would spoil them', async () => {
  const map = new Map<string, unknown>()
  const { put } = await opened(map)
  await put('k')
  expect(map.get('ts:shop:k:k')).toBeInstanceOf(Uint8Array)

  const texts = new Map<string, string>()
  const textOnly: KeyvAdapterLike = {
    get: (key) => texts.get(key),
    set: (key, value) => texts.set(key, String(value)),
    delete: (key) => texts.delete(key),
  }
  const { tier, put: putText } = await opened(textOnly)
  await putText('k')
  expect(texts.get('ts:shop:k:k')).toMatch(/^[A-Za-z0-9+/=]+$/)
  const [frame] = await tier.read(['k'])
  expect(Buffer.from(frame?.bytes ?? [])).toEqual(Buffer.from(bytes))
})

test('keys are under the prefix and the namespace, readable where they are plain', async () => {
  const map = new Map<string, unknown>()
  const { put } = await opened(map, { prefix: 'cache' })
  await put('user:1')
  await put('user 1\0')
  const keys = [...map.keys()].toSorted()
  expect(keys.slice(0, 1)).toEqual(['cache:shop:epoch'])
  expect(keys).toContain('cache:shop:k:user:1')
  expect(keys.every((key) => /^cache:shop:[!-~]+$/.test(key))).toBe(true)
})

test('what another program stored under one of our keys reads as missing', async () => {
  const map = new Map<string, unknown>()
  const { tier, put } = await opened(map)
  for (const foreign of ['text', '', 7, null, { a: 1 }, new Uint8Array(3), Buffer.alloc(100)]) {
    await put('k')
    map.set('ts:shop:k:k', foreign)
    expect(await tier.read(['k'])).toEqual([undefined])
  }
})

test('a store that forgot its epoch is empty, and usable again', async () => {
  const map = new Map<string, unknown>()
  const { tier, put } = await opened(map)
  await put('old')
  map.delete('ts:shop:epoch')
  expect(await tier.read(['old'])).toEqual([undefined])
  await put('new')
  expect((await tier.read(['old', 'new'])).map(Boolean)).toEqual([false, true])
})

test('an adapter that takes instants gets instants, one that does not gets a relative ttl', async () => {
  const given: Record<string, number | undefined> = {}
  const adapter = (name: string): KeyvAdapterLike => ({
    get: () => undefined,
    set: (_, __, expiry) => {
      given[name] = expiry
    },
    delete: () => false,
  })
  const absolute = { ...adapter('instants'), capabilities: { expires: true } }
  for (const store of [absolute, adapter('relative')]) {
    const { tier } = await opened(store)
    await tier.write([{ key: 'k', bytes, expiresAt: Date.now() + 60_000 }])
  }
  expect(Math.abs((given['instants'] ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000)
  expect(Math.abs((given['relative'] ?? 0) - 60_000)).toBeLessThan(5_000)
})

test('a write that the store refuses rejects', async () => {
  const refusing = { get: () => undefined, set: () => false, delete: () => true }
  const tier = keyvTier(refusing)
  tier.open({ namespace: 'shop', clock: systemClock, lost: () => undefined, warn: () => undefined })
  await expect(tier.hello()).rejects.toThrow('refused a write')
})

test.each([
  ['Keyv 5', () => new Keyv5({ store: failing() as never })],
  ['Keyv 6', () => new Keyv6({ store: failing() })],
])('%s swallows errors of its store; the tier does not', async (_, make) => {
  broken.now = false
  const { tier, put } = await opened(make() as never)
  await put('k')
  broken.now = true
  await expect(tier.delete(['k'])).rejects.toThrow('reported an error')
  await expect(tier.read(['k'])).rejects.toThrow(/reported an error|broken/)
  await expect(put('k')).rejects.toThrow(/reported an error|broken/)
})

const broken = { now: false }

/** A store that can be made to fail. */
function failing() {
  const map = new Map<string, unknown>()
  const or = <R>(action: () => R): Promise<R> =>
    broken.now ? Promise.reject(new Error('broken')) : Promise.resolve(action())
  return {
    opts: {},
    get: (key: string) => or(() => map.get(key)),
    getMany: (keys: string[]) => or(() => keys.map((key) => map.get(key))),
    set: (key: string, value: unknown) => or(() => Boolean(map.set(key, value))),
    delete: (key: string) => or(() => map.delete(key)),
    deleteMany: (keys: string[]) => or(() => keys.every((key) => map.delete(key))),
    clear: () => or(() => map.clear()),
    has: (key: string) => or(() => map.has(key)),
    on: () => undefined,
  }
}

test('an error while nothing runs is reported as a lost connection', async () => {
  const keyv = new Keyv6()
  const { tier, lost } = await opened(keyv)
  keyv.emit('error', new Error('gone'))
  expect(lost).toEqual([new Error('gone')])
  await tier.close()
  keyv.on('error', () => undefined)
  keyv.emit('error', new Error('later'))
  expect(lost).toHaveLength(1)
})

test('who shares the entries is seen from the store, or said', () => {
  const remote = { get: () => undefined, set: () => true, delete: () => true }
  expect(keyvTier(new Map() as never).capabilities.shared).toBe('process')
  expect(keyvTier(new Keyv6()).capabilities.shared).toBe('process')
  expect(keyvTier(new Keyv5() as never).capabilities.shared).toBe('process')
  expect(keyvTier(remote).capabilities.shared).toBe('fleet')
  expect(keyvTier(remote, { shared: 'host' }).capabilities.shared).toBe('host')
})

test('the name is a literal type', () => {
  const remote = { get: () => undefined, set: () => true, delete: () => true }
  expectTypeOf(keyvTier(remote).name).toEqualTypeOf<'keyv'>()
  expectTypeOf(keyvTier(remote, { name: 'far' }).name).toEqualTypeOf<'far'>()
})

test.each([
  [() => keyvTier({} as never), 'Expected `store` to be a Keyv, a Keyv storage adapter or a Map'],
  [() => keyvTier(undefined as never), 'Expected `store` to be'],
  [() => keyvTier(new Map() as never, { prefix: 'a:b' }), 'Expected `prefix` to be'],
  [() => keyvTier(new Map() as never, { shared: 'all' } as never), 'Expected `shared` to be one of'],
  [() => keyvTier(new Map() as never, { nam: 'x' } as never), 'did you mean `name`?'],
  [
    () => keyvTier(new Map() as never, { codec: JSON } as never),
    'Expected `codec` to be a codec with encode and decode',
  ],
])('what can not be meant is refused with a sentence', (wrong, sentence) => {
  expect(wrong).toThrow(sentence)
})
