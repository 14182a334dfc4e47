import { inspect } from 'node:util'
import { memory } from '@tierstack/cache-memory'
import { compress, encrypt, json, keyRing } from '@tierstack/cache-serializers'
import { chaosTier, fakeClock, processStore } from '@tierstack/cache-testing'
import { expect, test, vi } from 'vitest'
import { createCache, eventNames } from '../src/index.ts'

const planted = 'hunter2-of-Ada-Lovelace'
const keyBytes = Buffer.from('planted-key-material-32-bytes!!!')

/** Everything in a thing that could be printed of it, causes and hidden properties included. */
const printed = (thing: unknown) => inspect(thing, { depth: 12, showHidden: true, maxArrayLength: 500 })

test('a run with trouble of every kind emits neither a value nor a key, wherever one looks', async () => {
  const clock = fakeClock()
  const store = processStore({ clock })
  const said: string[] = []
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...words) => void said.push(printed(words))),
  )
  const onWarning = (warning: Error) => said.push(printed(warning))
  process.on('warning', onWarning)
  const tier = chaosTier(store.tier({ node: 'a' }))
  const make = (over: object, tiers: readonly [ReturnType<typeof memory>, typeof tier]) =>
    createCache({
      namespace: 'test',
      clock,
      jitter: false,
      ttl: '1m',
      swr: '1m',
      codec: json(),
      transforms: compress({ threshold: 1 }),
      encryption: encrypt({ keys: keyRing([{ id: 'k', secret: keyBytes }]) }),
      ...over,
      tiers,
    })
  const cache = make({}, [memory({ maxEntries: 3 }), tier])
  for (const name of eventNames) cache.on(name, (event) => said.push(printed([name, event])))
  const strict = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      // As libraries do: the message quotes what was given.
      validate: (value: unknown) => ({
        issues: [{ message: `was ${JSON.stringify(value)}`, path: ['name'] }],
      }),
    },
  }
  const person = cache.define({
    name: 'person',
    sensitive: true,
    load: (id: number) => ({ id, name: planted, etag: undefined }),
  })
  const read = async (work: () => Promise<unknown>) =>
    await work().catch((error: unknown) => said.push(printed(error)))
  // Loads, hits, stores, evictions.
  for (let id = 0; id < 6; id++) await read(() => person(id))
  await read(() => person.many([0, 1, 2]))
  // Damaged frames, and a store that fails.
  for (const plan of [
    { lease: 'corrupt' },
    { read: 'corrupt' },
    { fill: 'corrupt' },
    { fill: 'drop' },
  ] as const) {
    tier.plan = plan
    for (let id = 0; id < 6; id++) await read(() => person(id, { skip: ['memory'] }))
    await read(() => cache.drain())
  }
  tier.plan = {}
  // Values that a codec refuses, of a schema that refuses.
  await read(() => cache.set('odd', { name: planted, call: () => planted }))
  await read(() => cache.set('odd', [Symbol(planted.length.toString()), { name: planted }]))
  const other = make({}, [memory(), chaosTier(store.tier({ node: 'b' }))])
  for (const name of eventNames) other.on(name, (event) => said.push(printed([name, event])))
  const checked = other.define({
    name: 'person',
    load: () => ({ id: 0, name: 'x', etag: undefined }),
    schema: strict,
  })
  await read(() => checked(1))
  // Other keys, other codecs, no keys at all.
  const stranger = make({ encryption: undefined }, [memory(), chaosTier(store.tier({ node: 'c' }))])
  for (const name of eventNames) stranger.on(name, (event) => said.push(printed([name, event])))
  await read(() => stranger.define({ name: 'person', load: () => 1 })(2))
  // What operators ask for.
  said.push(
    printed([cache.stats(), await cache.health(), await person.explain(3), await cache.explain('odd')]),
  )
  said.push(printed([cache, other.definitions().map(({ name, ttl }) => [name, ttl])]))
  await read(() => person.delete(1))
  await read(() => cache.clear())
  store.down()
  await read(() => person.delete(2))
  await read(() => cache.set('k', planted))
  process.off('warning', onWarning)
  for (const spy of spies) spy.mockRestore()
  const all = said.join('\n')
  expect(all).toContain('poisoned')
  expect(all).toContain('unencodable')
  expect(all).toContain('its schema refuses value.name')
  for (const secret of [
    planted,
    keyBytes.toString(),
    keyBytes.toString('hex'),
    keyBytes.toString('base64'),
  ]) {
    const at = all.indexOf(secret)
    expect(at < 0 ? '' : all.slice(Math.max(0, at - 200), at + 50)).toBe('')
  }
})
