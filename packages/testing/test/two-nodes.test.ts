import { createCache, noShelf } from '@tierstack/cache-core'
import type { LocalTier } from '@tierstack/cache-core'
import { expect, test } from 'vitest'
import { eventTranscript, twoNodes } from '../src/index.ts'

/** The smallest local tier: this package must not need the one that it tests. */
function mapTier(): LocalTier<'map'> {
  const entries = new Map<string, never>()
  return {
    kind: 'local',
    name: 'map',
    open: () => undefined,
    get: (key) => entries.get(key),
    inspect: (key) => entries.get(key),
    amend: () => undefined,
    shelf: () => noShelf,
    set: (key, entry) => Boolean(entries.set(key, entry as never)),
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
    keys: () => entries.keys(),
    get size() {
      return entries.size
    },
    bytes: 0,
  }
}

const build = () =>
  twoNodes(({ tier, clock }) =>
    createCache({ namespace: 'test', tiers: [mapTier(), tier], clock, random: () => 0, ttl: '1h' }),
  )

test('what one node loads, the other one finds', async () => {
  await using nodes = await build()
  const { a, b, store } = nodes
  expect(await a.getOrSet('k', () => 'value')).toBe('value')
  await a.drain()
  const events = eventTranscript(b, ['hit', 'load'])
  expect(await b.getOrSet('k', () => expect.unreachable())).toBe('value')
  expect(await b.get('k')).toBe('value')
  expect(events.take()).toEqual(['hit store fresh', 'hit map fresh'])
  expect(store.transcript('b').filter((call) => call.startsWith('lease'))).toHaveLength(1)
})

test('a removal reaches the memory of the other node over the bus', async () => {
  await using nodes = await build()
  const { a, b } = nodes
  await a.set('k', 1)
  expect(await b.get('k')).toBe(1)
  await a.delete('k')
  expect(b.peek('k')).toBeUndefined()
})

test('a node that is cut off serves what it holds until its silence ends, and no longer', async () => {
  await using nodes = await build()
  const { a, b, bus, clock } = nodes
  await a.set('k', 1)
  expect(await b.get('k')).toBe(1)
  bus.cut('b')
  await a.set('k', 2)
  expect(b.peek('k')).toBe(1)
  await clock.advance(501)
  expect(b.peek('k')).toBeUndefined()
  expect(await b.get('k')).toBe(2)
})

test('a store that restarts from an old snapshot gives no old value', async () => {
  await using nodes = await build()
  const { a, b, store, clock } = nodes
  await a.set('k', 'old')
  const snapshot = store.snapshot()
  await a.set('k', 'new')
  store.restart({ keep: snapshot })
  await clock.advance(2_000)
  expect(await b.getOrSet('k', () => 'loaded')).not.toBe('old')
})
