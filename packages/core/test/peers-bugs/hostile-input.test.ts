import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import {
  chaosTier,
  eventTranscript,
  fakeClock,
  processStore,
  structuredCodec,
} from '@tierstack/cache-testing'
import { createCache } from '../../src/index.ts'
import type { Codec, RemoteTier, StoredFrame, Transform } from '../../src/index.ts'
import { memoryNode, oneNode, pair } from '../rig.ts'

/** A tier whose frames pass through `tamper` on their way out. */
function tampered(
  tier: RemoteTier<'store'>,
  tamper: (frame: StoredFrame, key: string) => Promise<StoredFrame>,
): RemoteTier<'store'> {
  const { coherence, ...rest } = chaosTier(tier)
  if (coherence === undefined) throw new Error('a tier with coherence is needed')
  return {
    ...rest,
    read: async (keys) => {
      const frames = await rest.read(keys)
      const changed = frames.map(async (frame, i) => frame && (await tamper(frame, keys[i] as string)))
      return await Promise.all(changed)
    },
    coherence: {
      ...coherence,
      lease: async (keys, holdMs, wantTagClock) => {
        const { reads, tagClock } = await coherence.lease(keys, holdMs, wantTagClock)
        const changed = reads.map(async (read, i) =>
          read.state === 'hit' ? { ...read, frame: await tamper(read.frame, keys[i] as string) } : read,
        )
        return { reads: await Promise.all(changed), tagClock }
      },
    },
  }
}

const bytes = (text: string) => new TextEncoder().encode(text)

describe('what comes out of a store is not trusted', () => {
  test("an entry copied under another key, or another reader's reply, is never served", async () => {
    const clock = fakeClock()
    const store = processStore({ clock })
    const real = store.tier({ node: 'a' })
    const writer = createCache({ namespace: 'test', clock, tiers: [store.tier({ node: 'w' })] })
    const tier = tampered(real, async (frame, key) => {
      const [other] = await real.read([key === '=mine' ? '=yours' : '=mine'])
      return { ...frame, bytes: other?.bytes ?? frame.bytes }
    })
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), tier] })
    await writer.set('mine', 'my row')
    await writer.set('yours', 'your row')
    const events = eventTranscript(cache)
    expect(await cache.get('mine')).toBeUndefined()
    expect(await cache.getOrSet('yours', () => 'loaded')).toBe('loaded')
    expect(events.lines.filter((line) => line.startsWith('poisoned'))).toEqual([
      'poisoned store decode',
      'poisoned store decode',
    ])
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['a number', bytes('42')],
    ['JSON', bytes('{"value":1}')],
    ['a list', bytes('[]')],
    ['null', bytes('null')],
    ['zeroes', new Uint8Array(1_000)],
    ['a frame header alone', bytes('TS\u0001')],
  ])('%s in place of a frame is a miss, heals at the next load, and never throws', async (_, poison) => {
    const clock = fakeClock()
    const store = processStore({ clock })
    const tier = tampered(store.tier({ node: 'a' }), async (frame) => ({ ...frame, bytes: poison }))
    const healthy = createCache({ namespace: 'test', clock, tiers: [store.tier({ node: 'b' })] })
    const cache = createCache({ namespace: 'test', clock, tiers: [memory(), tier] })
    await healthy.set('k', 'old')
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k'])).toEqual([undefined])
    expect(await cache.has('k')).toBe(false)
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    await cache.drain()
    expect(await healthy.get('k')).toBe('loaded')
    expect((await cache.explain('k')).steps.map(({ outcome }) => outcome)).toEqual(['hit', 'poisoned'])
  })

  test('a codec or a transform that this reader does not have is a miss', async () => {
    const clock = fakeClock()
    const store = processStore({ clock })
    const other: Codec = { ...structuredCodec, id: 200, name: 'other' }
    const wrap: Transform = {
      id: 201,
      name: 'wrap',
      apply: (b) => Uint8Array.of(7, ...b),
      undo: (b) => b.subarray(1),
    }
    const make = (options: object) =>
      createCache({ namespace: 'test', clock, jitter: false, ...options, tiers: [store.tier()] })
    const [plain, coded, wrapped] = [make({}), make({ codec: other }), make({ transforms: [wrap] })]
    await coded.set('coded', 'v')
    await wrapped.set('wrapped', 'v')
    expect(await plain.getMany(['coded', 'wrapped'])).toEqual([undefined, undefined])
    expect([await coded.get('coded'), await wrapped.get('wrapped')]).toEqual(['v', 'v'])
    // A reader is rolled out before the writer: it reads both.
    const both = make({ codec: [structuredCodec, other], transforms: [wrap] })
    expect(await both.getMany(['coded', 'wrapped'])).toEqual(['v', 'v'])
  })

  test('a decoder that throws, and one that never was asked to, cause no rejection', async () => {
    const clock = fakeClock()
    const broken: Codec = {
      id: 200,
      name: 'broken',
      encode: (value) => structuredCodec.encode(value),
      decode: () => {
        throw new Error('not today')
      },
    }
    await using cache = createCache({
      namespace: 'test',
      clock,
      codec: broken,
      tiers: [memory(), processStore({ clock }).tier()],
    })
    await cache.set('k', 'v')
    expect(await cache.get('k', { skip: ['memory'] })).toBeUndefined()
    expect(await cache.getOrSet('k', () => 'loaded', { skip: ['memory'] })).toBe('loaded')
  })

  test('a schema that throws is a miss', async () => {
    await using nodes = await pair()
    await nodes.a.define({ name: 'n', load: () => 'text' })(1)
    await nodes.a.drain()
    const cached = nodes.b.define({
      name: 'n',
      load: () => 'loaded',
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: () => {
            throw new Error('bug in a schema')
          },
        },
      },
    })
    expect(await cached(1)).toBe('loaded')
  })

  test('a poisoned frame is replaced only if it still is the one that was seen', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'v1')
    node.near.clear()
    node.tier.plan = { lease: 'corrupt' }
    const gate = Promise.withResolvers<string>()
    const read = node.cache.getOrSet('k', () => gate.promise)
    await node.clock.settle()
    await node.cache.set('k', 'v2')
    gate.resolve('late')
    expect(await read).toBe('late')
    await node.cache.drain()
    expect(await node.cache.get('k')).toBe('v2')
  })
})

describe('what comes from callers', () => {
  test('a value that no codec takes is returned and kept near, reported, and not a rejection', async () => {
    await using node = oneNode()
    const odd = { call: () => 1 }
    expect(await node.cache.getOrSet('k', () => odd)).toBe(odd)
    await node.cache.drain()
    expect(node.events.lines).toContain('refused store unencodable')
    expect(node.cache.peek('k')).toBe(odd)
    await node.cache.set('l', odd)
    expect(node.cache.peek('l')).toBe(odd)
    expect(await node.cache.get('l', { skip: ['memory'] })).toBeUndefined()
  })

  test('a set of a value that the store does not take does not leave the old one there', async () => {
    await using node = oneNode({}, { maxValueBytes: 500 })
    for (const odd of [{ call: () => 1 }, 'x'.repeat(1_000)]) {
      await node.cache.set('k', 'old')
      await node.cache.set('k', odd)
      expect(await node.cache.get('k', { skip: ['memory'] })).toBeUndefined()
    }
  })

  test('`__proto__` in a value stays data', async () => {
    await using node = memoryNode({ isolation: 'clone' })
    const value = JSON.parse('{"__proto__": {"admin": true}, "a": 1}') as object
    await node.cache.set('k', value)
    const back = (await node.cache.get('k')) as { admin?: boolean }
    expect(back.admin).toBeUndefined()
    expect(Object.keys(back)).toEqual(['__proto__', 'a'])
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('a value that refers to itself is no trouble in memory', async () => {
    for (const isolation of ['freeze', 'clone'] as const) {
      await using node = memoryNode({ isolation })
      const value: { self?: unknown; map: Map<string, unknown> } = { map: new Map() }
      value.self = value
      value.map.set('self', value)
      await node.cache.set('k', value)
      const back = (await node.cache.get('k')) as typeof value
      expect(back.self).toBe(back)
      expect(back.map.get('self')).toBe(back)
    }
  })

  test('a frozen value, and one with getters, are stored as they are', async () => {
    await using node = memoryNode()
    const value = Object.freeze({
      get full() {
        return 'computed'
      },
    })
    expect(await node.cache.getOrSet('k', () => value)).toBe(value)
    expect(await node.cache.get('k')).toBe(value)
  })
})
