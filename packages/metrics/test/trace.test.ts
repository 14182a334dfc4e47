import { AlwaysOffSampler } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, test } from 'vitest'
import { context } from '@opentelemetry/api'
import { trace } from '../src/index.ts'
import { parseTraceparent } from '../src/traceparent.ts'
import { node } from './rig.ts'
import { one, spansInMemory } from './spans.ts'

afterEach(() => context.disable())

describe('spans', () => {
  test('one for a read beyond the local tiers, one below it for its load, and none for a hit', async () => {
    await using own = node()
    const { tracerProvider, inSpan, take } = spansInMemory()
    trace(own.cache, { tracerProvider })
    const row = own.cache.define({
      name: 'row',
      load: (id: number) => inSpan('SELECT', () => Promise.resolve(id)),
    })
    await inSpan('request', () => row(1))
    await inSpan('second', () => row(1))
    await own.cache.drain()
    const spans = take()
    const [request, read, load, select] = ['request', 'cache.get row', 'cache.load row', 'SELECT'].map(
      (name) => one(spans, name),
    )
    expect(read?.parent).toBe(request?.id)
    expect(load?.parent).toBe(read?.id)
    expect(select?.parent).toBe(load?.id)
    expect(new Set([request, read, load, select].map((span) => span?.trace)).size).toBe(1)
    expect(read?.events).toEqual(['tier memory miss', 'tier store miss'])
    expect(read?.attributes).toMatchObject({
      'cache.definition': 'row',
      'cache.hit': false,
      'cache.state': 'loaded',
    })
    expect(spans).toHaveLength(5)
  })

  test('readers who share a load link to the read that runs it', async () => {
    await using own = node()
    const { tracerProvider, inSpan, take } = spansInMemory()
    trace(own.cache, { tracerProvider })
    const row = own.cache.define({ name: 'row', load: (id: number) => Promise.resolve(id) })
    await Promise.all([inSpan('first', () => row(1)), inSpan('second', () => row(1))])
    const spans = take()
    const reads = spans.filter(({ name }) => name === 'cache.get row')
    const leader = reads.find(({ links }) => links.length === 0)
    const joined = reads.find(({ links }) => links.length === 1)
    expect(joined?.links).toEqual([`${leader?.trace}/${leader?.id}`])
    expect(joined?.attributes['cache.joined']).toBe(true)
    expect(one(spans, 'cache.load row').parent).toBe(leader?.id)
  })

  test('a hit on what a load stored far links to that load', async () => {
    await using own = node()
    const { tracerProvider, take } = spansInMemory()
    trace(own.cache, { tracerProvider })
    const row = own.cache.define({ name: 'row', load: (id: number) => Promise.resolve(id) })
    await row(1)
    await own.cache.drain()
    await row(1, { skip: ['memory'] })
    const load = one(take(), 'cache.load row')
    const hit = take().find(({ attributes }) => attributes['cache.hit'] === true)
    expect(hit?.links).toEqual([`${load.trace}/${load.id}`])
    expect(hit?.attributes['cache.tier']).toBe('store')
  })

  test('a load that fails marks its span and that of its reader', async () => {
    await using own = node()
    const { tracerProvider, take } = spansInMemory()
    trace(own.cache, { tracerProvider })
    const row = own.cache.define({
      name: 'row',
      load: (_id: number) => Promise.reject(new Error('no database')),
    })
    await expect(row(1)).rejects.toThrow('no database')
    expect(take().map(({ name, failed }) => [name, failed])).toEqual([
      ['cache.load row', true],
      ['cache.get row', true],
    ])
  })

  test('a removal, with what became of it', async () => {
    await using own = node()
    const { tracerProvider, inSpan, take } = spansInMemory()
    trace(own.cache, { tracerProvider })
    await inSpan('edit', () => own.cache.invalidateTags(['a', 'b']))
    const removal = one(take(), 'cache.remove')
    expect(removal.parent).toBe(one(take(), 'edit').id)
    expect(removal.attributes).toMatchObject({
      'cache.removal.kind': 'tags',
      'cache.removal.names': 2,
      'cache.removal.bus': 'sent',
    })
  })

  test('tell keys only where asked to', async () => {
    for (const [keys, key] of [
      ['none', /^undefined$/],
      ['hidden', /^#row@1:~[\da-f]{8}$/],
      ['plain', /^#row@1:n1$/],
    ] as const) {
      await using own = node()
      const { tracerProvider, take } = spansInMemory()
      trace(own.cache, { tracerProvider, keys })
      await own.cache.define({ name: 'row', load: (id: number) => id })(1)
      const told = one(take(), 'cache.get row').attributes['cache.key']
      expect(`${told as string | undefined}`).toMatch(key)
      context.disable()
    }
  })
})

describe('sampling', () => {
  test('nothing in a trace that is left out, and nothing when the share is 0', async () => {
    await using own = node()
    const left = spansInMemory(new AlwaysOffSampler())
    trace(own.cache, { tracerProvider: left.tracerProvider })
    await left.inSpan('request', () => own.cache.getOrSet('a', () => 1))
    context.disable()
    const taken = spansInMemory()
    trace(own.cache, { tracerProvider: taken.tracerProvider, share: 0 })
    await own.cache.getOrSet('b', () => 1)
    await own.cache.delete('b')
    expect([...left.take(), ...taken.take()]).toEqual([])
  })

  test('after stopping, nothing is traced any more', async () => {
    await using own = node()
    const { tracerProvider, take } = spansInMemory()
    trace(own.cache, { tracerProvider })()
    await own.cache.getOrSet('a', () => 1)
    expect(take()).toEqual([])
  })

  test('a processor that throws breaks no read', async () => {
    await using own = node()
    const { tracerProvider } = spansInMemory()
    const tracer = tracerProvider.getTracer('broken')
    const broken = {
      getTracer: () => ({
        ...tracer,
        startActiveSpan: tracer.startActiveSpan.bind(tracer),
        startSpan: () => {
          throw new Error('broken')
        },
      }),
    }
    trace(own.cache, { tracerProvider: broken })
    expect(await own.cache.getOrSet('a', () => 1)).toBe(1)
    await own.cache.delete('a')
  })
})

test('a text from another process that is no traceparent is none', () => {
  for (const text of [
    '',
    'x',
    `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
    `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  ]) {
    expect(parseTraceparent(text)).toBeUndefined()
  }
  expect(parseTraceparent(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`)).toMatchObject({
    isRemote: true,
    traceFlags: 1,
  })
})
