import { createCache } from '@tierstack/cache-core'
import type { Cache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'
import { rmSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { sqlite } from '../src/index.ts'
import { newPath } from './rig.ts'

type Shop = Cache<{ readonly [key: string]: unknown }, 'memory' | 'sqlite'>

interface Fleet {
  readonly near: Shop
  readonly far: Shop
  readonly clock: FakeClock
  readonly path: string
}

/** The caches of two processes on one file. */
function fleet(): Fleet {
  const [path, clock] = [newPath(), fakeClock()]
  const cacheOf = (): Shop => {
    const cache = createCache({ namespace: 'shop', tiers: [memory(), sqlite({ path })], ttl: '1h', clock })
    onTestFinished(() => cache.close())
    return cache
  }
  return { near: cacheOf(), far: cacheOf(), clock, path }
}

test('values of every kind come back from the file as they were', async () => {
  const { near, far } = fleet()
  const value = {
    at: new Date(0),
    big: 2n ** 70n,
    seen: new Map([['a', new Set([Number.NaN])]]),
    none: undefined,
  }
  await near.getOrSet('k', () => Promise.resolve(value))
  await near.drain()
  expect(await far.getOrSet('k', () => Promise.reject(new Error('not in the file')))).toEqual(value)
})

const removals = {
  'a key': (cache: Shop) => cache.delete('k'),
  'a tag': (cache: Shop) => cache.invalidateTags('t'),
  everything: (cache: Shop) => cache.clear(),
}

for (const [what, remove] of Object.entries(removals)) {
  test(`when one process removes ${what}, the other lets go of its memory within one poll`, async () => {
    const { near, far, clock } = fleet()
    let row = 'old'
    const read = (cache: Shop) => cache.getOrSet('k', () => Promise.resolve(row), { tags: ['t'] })
    expect(await read(near)).toBe('old')
    await near.drain()
    expect(await read(far)).toBe('old')
    row = 'new'
    expect(await remove(near)).toMatchObject({ queued: [] })
    await clock.advance(20)
    expect(await read(far)).toBe('new')
    await far.drain()
    expect(await read(near)).toBe('new')
  })
}

test('a load that another process overtook with a removal is stored nowhere', async () => {
  const { near, far, clock } = fleet()
  const gate = Promise.withResolvers<string>()
  const slow = near.getOrSet('k', () => gate.promise)
  await clock.settle()
  await far.delete('k')
  gate.resolve('old')
  expect(await slow).toBe('old')
  await near.drain()
  await clock.advance(20)
  expect(await near.get('k')).toBeUndefined()
  expect(await far.get('k')).toBeUndefined()
})

test('when the file is deleted under them, readers see no error and soon share a file again', async () => {
  const { near, far, clock, path } = fleet()
  await near.getOrSet('k', () => Promise.resolve('old'))
  await near.drain()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix)
  await clock.advance(20)
  expect(await far.getOrSet('k', () => Promise.resolve('new'))).toBe('new')
  await clock.advance(5_000)
  await near.delete('k')
  expect(await near.getOrSet('k', () => Promise.resolve('newer'))).toBe('newer')
  await near.drain()
  await clock.advance(20)
  expect(await far.getOrSet('k', () => Promise.reject(new Error('not in the file')))).toBe('newer')
})
