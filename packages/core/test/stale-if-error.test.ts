import { describe, expect, test } from 'vitest'
import { memoryNode, oneNode, outcome, Source } from './rig.ts'

describe('stale-if-error', () => {
  test('a failing load is answered with the stale value, the error is reported', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 5_000 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(3_000)
    expect(await node.cache.getOrSet('k', () => Promise.reject(new Error('away')))).toBe('v1')
    expect(node.events.lines).toEqual(['load:error stale', 'hit memory stale'])
    expect(await node.cache.get('k')).toBeUndefined()
  })

  test('while the load runs it is not served: only its failure allows it', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 5_000 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(3_000)
    const source = new Source([['k', 'v2']]).hold()
    const read = node.cache.getOrSet('k', () => source.load('k'))
    expect(await outcome(read, node.clock)).toBe('pending')
    source.release()
    expect(await read).toBe('v2')
  })

  test('past the window the error reaches the reader, the very object', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 5_000 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(6_000)
    const error = new Error('away')
    await expect(node.cache.getOrSet('k', () => Promise.reject(error))).rejects.toBe(error)
  })

  test('the failing source is left alone for errorTtl from now, however long ago the entry expired', async () => {
    await using node = memoryNode({ ttl: 1_000, staleIfError: 60_000, errorTtl: 1_000 })
    await node.cache.set('k', 'v1')
    await node.clock.advance(30_000)
    const source = new Source()
    source.failing = new Error('away')
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    expect(await read()).toBe('v1')
    await node.clock.advance(999)
    expect(await read()).toBe('v1')
    expect(source.loads).toHaveLength(1)
    await node.clock.advance(1)
    source.failing = undefined
    source.rows.set('k', 'v2')
    expect(await read()).toBe('v2')
  })

  test('an invalidated entry is never served, not even when the load fails', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 5_000, staleIfError: 5_000 })
    await node.cache.set('k', 'v1')
    const source = new Source().hold()
    source.failing = new Error('away')
    await node.clock.advance(1_000)
    const before = node.cache.getOrSet('k', () => source.load('k'), { maxStale: 0 })
    await node.clock.settle()
    await node.cache.delete('k')
    source.release()
    await expect(before).rejects.toThrow('away')
    await node.clock.advance(1_000)
    await expect(node.cache.getOrSet('k', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone')
  })

  test('a forced read asks for the state of the source: its failure is its answer', async () => {
    await using node = oneNode({ ttl: 1_000, swr: 5_000, staleIfError: 5_000 })
    await node.cache.set('k', 'v1')
    const read = node.cache.getOrSet('k', () => Promise.reject(new Error('away')), { forceFresh: true })
    await expect(read).rejects.toThrow('away')
    expect(await node.cache.get('k')).toBe('v1')
  })

  test('an update never builds on a stale value', async () => {
    await using node = oneNode({ staleIfError: '1d' })
    const saved: unknown[] = []
    const counter = node.cache.define({
      name: 'counter',
      load: (): Promise<number> => Promise.reject(new Error('away')),
      save: async (_, value) => void saved.push(value),
    })
    await counter.set('k', 1)
    await expect(counter.update('k', (n) => n + 1)).rejects.toThrow('away')
    expect(saved).toEqual([])
  })

  test('the stale value of a far tier serves as well', async () => {
    await using node = oneNode({ ttl: 1_000, staleIfError: 5_000 })
    await node.cache.set('k', 'v1')
    node.near.clear()
    await node.clock.advance(2_000)
    expect(await node.cache.getOrSet('k', () => Promise.reject(new Error('away')))).toBe('v1')
  })
})

describe('error and negative ttl', () => {
  test('a failing query is not repeated by every reader for errorTtl', async () => {
    await using node = memoryNode()
    const source = new Source()
    source.failing = new Error('away')
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    for (let i = 0; i < 10; i++) await expect(read()).rejects.toBe(source.failing)
    expect(source.loads).toHaveLength(1)
    await node.clock.advance(1_000)
    await expect(read()).rejects.toBe(source.failing)
    expect(source.loads).toHaveLength(2)
  })

  test('a removal ends the memory of a failure', async () => {
    await using node = memoryNode({ errorTtl: '1h' })
    await expect(node.cache.getOrSet('k', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    await node.cache.delete('k')
    expect(await node.cache.getOrSet('k', () => 'v')).toBe('v')
  })

  test('a set ends it too', async () => {
    await using node = memoryNode({ errorTtl: '1h' })
    await expect(node.cache.getOrSet('k', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    await node.cache.set('k', 'set', { ttl: 10 })
    await node.clock.advance(10)
    expect(await node.cache.getOrSet('k', () => 'v')).toBe('v')
  })

  test('null is a value with a life of its own', async () => {
    await using node = oneNode({ ttl: 10_000, negativeTtl: 1_000 })
    const source = new Source<unknown>([['k', null]])
    const read = () => node.cache.getOrSet('k', () => source.load('k'))
    await read()
    await node.clock.advance(999)
    expect(await read()).toBeNull()
    expect(source.loads).toHaveLength(1)
    source.rows.set('k', 'inserted')
    await node.clock.advance(1)
    expect(await read()).toBe('inserted')
  })
})
