import { memory } from '@tierstack/cache-memory'
import { describe, expect, test } from 'vitest'
import { advisor } from '../src/index.ts'
import type { Advice } from '../src/index.ts'
import { Ghosts } from '../src/ghosts.ts'
import { node } from './rig.ts'

const quiet = { sampleMs: 0 }
const kinds = (advice: readonly Advice[]): string[] => advice.map(({ kind }) => kind)

describe('the advisor', () => {
  test('a definition whose keys never repeat is not worth caching', async () => {
    await using own = node()
    const { advice } = advisor(own.cache)
    const row = own.cache.define({ name: 'row', load: (id: number) => id })
    for (let id = 0; id < 150; id++) await row(id)
    await own.cache.drain()
    expect(await advice(quiet)).toMatchObject([
      { kind: 'never-hit', definition: 'row', figures: { stored: 150 } },
    ])
  })

  test('nor one whose keys hardly repeat', async () => {
    await using own = node()
    const { advice } = advisor(own.cache)
    const row = own.cache.define({ name: 'row', load: (id: number) => id })
    for (let id = 0; id < 150; id++) await row(id)
    for (let id = 0; id < 50; id++) await row(id)
    await own.cache.drain()
    expect(await advice(quiet)).toMatchObject([
      { kind: 'low-hit-rate', definition: 'row', figures: { rate: 0.25, reads: 200 } },
    ])
  })

  test('one that is hit well is left alone', async () => {
    await using own = node()
    const { advice } = advisor(own.cache)
    const row = own.cache.define({ name: 'row', load: (id: number) => id })
    for (let i = 0; i < 300; i++) await row(i % 10)
    expect(await advice(quiet)).toEqual([])
  })

  test.each([
    ['ttl-too-short', 'never change', () => 1],
    ['ttl-too-long', 'change every time', (loads: number) => loads],
  ])('%s, where the values %s', async (kind, _, value) => {
    await using own = node({ ttl: 1_000, swr: 600_000 })
    const { advice } = advisor(own.cache)
    let loads = 0
    const row = own.cache.define({ name: 'row', load: (_id: number) => value(++loads) })
    for (let i = 0; i < 120; i++) {
      await row(1)
      await own.cache.drain()
      await own.clock.advance(1_100)
    }
    const [found] = await advice(quiet)
    expect(found).toMatchObject({ kind, definition: 'row', figures: { ttlMs: 1_000 } })
  })

  test('values that were removed and had changed say nothing about the ttl', async () => {
    await using own = node({ ttl: 60_000 })
    const { advice } = advisor(own.cache)
    let loads = 0
    const row = own.cache.define({ name: 'row', load: (_id: number) => ++loads })
    for (let i = 0; i < 150; i++) {
      await row(1)
      await row(1)
      await row.delete(1)
    }
    expect(kinds(await advice(quiet))).not.toContain('ttl-too-long')
  })

  test('large values, and what their hits saved', async () => {
    await using own = node()
    const { advice } = advisor(own.cache)
    const page = own.cache.define({
      name: 'page',
      async load(_id: number) {
        await new Promise<void>((done) => own.clock.after(2_000, done))
        return 'x'.repeat(200_000)
      },
    })
    const read = page(1)
    await own.clock.advance(2_000)
    await read
    for (let i = 0; i < 5; i++) await page(1)
    await own.cache.drain()
    expect(await advice(quiet)).toMatchObject([
      { kind: 'oversized', definition: 'page' },
      { kind: 'source-saved', figures: { savedMs: 10_000 } },
    ])
  })

  test('memory that is too small for a loop over its keys, and what more would bring', async () => {
    await using own = node({}, memory({ maxEntries: 100, policy: 'lru' }))
    const { advice } = advisor(own.cache)
    const row = own.cache.define({ name: 'row', load: (id: number) => id })
    for (let round = 0; round < 5; round++) for (let id = 0; id < 180; id++) await row(id)
    await own.cache.drain()
    const found = (await advice(quiet)).find(({ kind }) => kind === 'memory-too-small')
    expect(found).toMatchObject({ tier: 'memory', definition: undefined })
    expect(found?.figures['withTwice']).toBeGreaterThan(0.5 + (found?.figures['now'] ?? 1))
  })

  test('a key that gets a third of the reads', async () => {
    await using own = node()
    const { advice, stop } = advisor(own.cache)
    const row = own.cache.define({ name: 'row', load: (id: number) => id })
    const asked = advice({ sampleMs: 50 })
    for (let i = 0; i < 600; i++) await row(i % 3 === 0 ? 0 : i % 200)
    expect(await asked).toMatchObject([{ kind: 'hot-key', definition: 'row' }])
    stop()
  })
})

test('ghosts: an entry that fell out d drops ago needs about d more places', () => {
  const ghosts = new Ghosts()
  ghosts.dropped('a')
  for (let i = 0; i < 10; i++) ghosts.dropped(`x${i}`)
  ghosts.missed('a')
  ghosts.missed('never there')
  expect(ghosts.hitsWith(5)).toBe(0)
  expect(ghosts.hitsWith(16)).toBe(1)
})
