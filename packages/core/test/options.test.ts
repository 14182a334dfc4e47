import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { processStore, structuredCodec } from '@tierstack/cache-testing'
import { createCache, parseBytes, parseDuration } from '../src/index.ts'
import type { EdgeTier } from '../src/index.ts'
import { memoryNode } from './rig.ts'

const edge: EdgeTier<'cdn'> = {
  kind: 'edge',
  name: 'cdn',
  pending: 0,
  open: () => {},
  announce: async () => {},
  purge: async () => 'purged',
  close: async () => {},
}
const store = () => processStore().tier()

/** The sentence of an error, its code before it. */
function refusal(program: () => unknown): string {
  try {
    program()
  } catch (error) {
    return sentence(error)
  }
  return 'accepted'
}

function sentence(error: unknown): string {
  const { code, message } = error as Error & { code?: string }
  return `${code}: ${message}`
}

const wrongOptions: Record<string, unknown> = {
  'no namespace': { namespace: undefined },
  'empty namespace': { namespace: '' },
  'namespace with a space': { namespace: 'my shop' },
  'namespace too long': { namespace: 'x'.repeat(65) },
  'namespace that is no text': { namespace: 7 },
  'unknown option': { namspace: 'x' },
  'unknown option near nothing': { zzzzzzzzzz: 1 },
  'no tiers': { tiers: [] },
  'tiers that are no list': { tiers: memory() },
  'a tier that is none': { tiers: [{}] },
  'a tier that was not made': { tiers: [memory] },
  'undefined tier': { tiers: [undefined] },
  'tier named default': { tiers: [memory({ name: 'default' })] },
  'tier with an odd name': { tiers: [memory({ name: 'a b' })] },
  'two tiers of one name': { tiers: [memory(), memory()] },
  'tiers in the wrong order': { tiers: [store(), memory()] },
  'edge before remote': { tiers: [edge, store()] },
  'negative ttl': { ttl: -1 },
  'ttl NaN': { ttl: Number.NaN },
  'ttl text without a unit': { ttl: '30' },
  'ttl in hours, spelt out': { ttl: '1 hour' },
  'ttl null': { ttl: null },
  'ttl of an unknown tier': { ttl: { redis: '1h' } },
  'ttl of a tier, negative': { ttl: { memory: -1 } },
  'negative swr': { swr: -1 },
  'swr preset': { swr: 'hot' },
  'staleIfError that is no duration': { staleIfError: true },
  'refreshAhead of 1': { refreshAhead: 1 },
  'refreshAhead true': { refreshAhead: true },
  'jitter of 1': { jitter: 1 },
  'jitter true': { jitter: true },
  'idleTtl of 0': { idleTtl: 0 },
  'negativeTtl NaN': { negativeTtl: Number.NaN },
  'errorTtl negative': { errorTtl: -5 },
  'unknown timeout': { timeouts: { sotf: 1 } },
  'timeout of 0': { timeouts: { hard: 0 } },
  'timeouts that are a number': { timeouts: 50 },
  'unknown flight': { flight: 'global' },
  'unknown writes': { writes: 'sync' },
  'unknown isolation': { isolation: 'deep' },
  'unknown invalidation': { invalidation: true },
  'tagsAt nowhere': { tagsAt: 'redis' },
  'tagsAt a local tier': { tiers: [memory(), store()], tagsAt: 'memory' },
  'bus that is none': { bus: {} },
  'clock that is none': { clock: Date },
  'codec that is none': { codec: JSON },
  'transforms that are no list': { transforms: {} },
  'a transform that is none': { transforms: [{}] },
  'two codecs of one id': { codec: [structuredCodec, { ...structuredCodec, name: 'other' }] },
  'random that is no function': { random: 0.5 },
  'waitUntil that is no function': { waitUntil: true },
  'enabled as text': { enabled: 'yes' },
  'unknown onGap': { onGap: 'ignore' },
  'suspectTtl negative': { suspectTtl: -1 },
  'replicaLag as text without unit': { replicaLag: '5' },
  'unknown option of the bulkhead': { bulkhead: { limit: 3 } },
  'bulkhead of 0': { bulkhead: { concurrentLoads: 0 } },
  'bulkhead of a half': { bulkhead: { concurrentLoads: 1.5 } },
  'negative queue': { bulkhead: { queue: -1 } },
}

describe('wrong options of createCache: one sentence each, with what was expected and what came', () => {
  test.each(Object.entries(wrongOptions))('%s', (_, wrong) => {
    const options = { namespace: 'test', tiers: [memory()], ...(wrong as object) }
    expect(refusal(() => createCache(options as never))).toMatchSnapshot('sentence')
  })

  test.each([undefined, null, 7, 'options', []])('options that are none (%#)', (wrong) => {
    expect(refusal(() => createCache(wrong as never))).toMatchSnapshot('sentence')
  })
})

const wrongDefinitions: Record<string, unknown> = {
  'no name': { name: undefined },
  'empty name': { name: '' },
  'name with a separator': { name: 'a#b' },
  'name too long': { name: 'x'.repeat(129) },
  'no load': { load: undefined },
  'load that is a value': { load: 7 },
  'version with a space': { version: 'v 1' },
  'version with a colon': { version: '1:2' },
  'unknown option': { tll: '1h' },
  'wrong ttl': { ttl: '1 minute' },
  'loadMany that is no function': { loadMany: true },
  'tags that are a list': { tags: ['t'] },
  'key that is a name': { key: 'id' },
  'save that is no function': { save: true },
  'schema that is none': { schema: {} },
  'schema that is null': { schema: null },
  'codec that is none': { codec: {} },
}

describe('wrong definitions', () => {
  test.each(Object.entries(wrongDefinitions))('%s', async (_, wrong) => {
    await using node = memoryNode()
    const definition = { name: 'd', load: () => 1, ...(wrong as object) }
    expect(refusal(() => node.cache.define(definition as never))).toMatchSnapshot('sentence')
  })

  test('two of one name and version', async () => {
    await using node = memoryNode()
    node.cache.define({ name: 'd', load: () => 1 })
    expect(refusal(() => node.cache.define({ name: 'd', load: () => 2 }))).toMatchSnapshot('sentence')
    expect(refusal(() => node.cache.define({ name: 'd', version: 2, load: () => 2 }))).toBe('accepted')
  })
})

describe('wrong options of a call', () => {
  test.each(
    Object.entries<unknown>({
      'unknown option': { tlt: 1 },
      'wrong ttl': { ttl: -1 },
      'no object': 'ttl',
      'tags that are a text': { tags: 'user:1' },
      'an empty tag': { tags: [''] },
      'an unknown tier to skip': { skip: ['redis'] },
      'skip that is a text': { skip: 'memory' },
      'a negative maxStale': { maxStale: -1 },
      'maxStale as text': { maxStale: '5s' },
      'a signal that is none': { signal: {} },
      'forceFresh as text': { forceFresh: 'yes' },
    }),
  )('%s', async (_, wrong) => {
    await using node = memoryNode()
    const row = node.cache.define({ name: 'd', load: () => 1 })
    const { cache } = node
    const calls = [
      () => cache.getOrSet('k', () => 1, wrong as never),
      () => cache.get('k', wrong as never),
      () => row(1, wrong as never),
    ]
    const told = await Promise.all(calls.map((call) => call().then(() => 'accepted', sentence)))
    expect([...new Set(told)].join('\n')).toMatchSnapshot('sentence')
  })

  test('a loader that is none', async () => {
    await using node = memoryNode()
    await expect(node.cache.getOrSet('k', 7 as never)).rejects.toThrow(
      'Expected `load` to be a function, got `7` (number)',
    )
    await expect(node.cache.write('k', undefined as never)).rejects.toThrow(
      'Expected `commit` to be a function that commits the write, got `undefined`',
    )
  })

  test('options that are given again are not changed', async () => {
    await using node = memoryNode()
    const options = Object.freeze({ ttl: 1_000, tags: Object.freeze(['t']) })
    await node.cache.getOrSet('k', () => 1, options)
    await node.cache.set('l', 1, options)
    expect(options).toEqual({ ttl: 1_000, tags: ['t'] })
  })
})

describe('durations and sizes', () => {
  test.each([0, 1, 1.5, Infinity, '0s', '1.5h', '10ms'])('%j is a duration', (given) => {
    expect(parseDuration('x', given)).toBeGreaterThanOrEqual(0)
  })

  test.each([
    -1,
    Number.NaN,
    '',
    '1',
    'ms',
    '1 s',
    '1S',
    '-1s',
    '1e3s',
    ' 1s',
    '1s ',
    '1w',
    null,
    undefined,
    {},
    true,
    1n,
  ])('%o is none', (given) => {
    expect(() => parseDuration('x', given)).toThrow('Expected `x` to be milliseconds or a number with a unit')
  })

  test.each([0, -1, Number.NaN, '64', '64 mb', '0kb', '-1mb', 'mb', null, undefined])(
    '%j is no size',
    (given) => {
      expect(() => parseBytes('x', given)).toThrow('Expected `x` to be bytes or a number with a unit')
    },
  )
})
