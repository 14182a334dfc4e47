import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { chaosTier, fakeClock, processStore } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import { Source } from './rig.ts'

async function slowRemovals() {
  const clock = fakeClock()
  const store = processStore({ clock })
  const far = chaosTier(store.tier({ name: 'far', node: 'a' }))
  const order: string[] = []
  far.plan = (verb) => {
    order.push(verb)
    // Done in the order of asking, as one connection has it; told of late.
    return verb === 'delete' ? { delayAnswer: 40 } : undefined
  }
  const cache = createCache({ namespace: 'test', clock, jitter: false, tiers: [memory(), far] })
  await clock.settle()
  return { cache, clock, far, order }
}

describe('loads beside removals', () => {
  test('a load that begins while a removal is under way is joined by who comes after it, and kept', async () => {
    const { cache, clock } = await slowRemovals()
    const source = new Source([['k', 'new']]).hold()
    const read = () => cache.getOrSet('k', () => source.load('k'))
    const removal = cache.delete('k')
    await clock.advance(10)
    const during = read()
    await clock.advance(5)
    expect(source.running).toBe(1)
    await clock.advance(40)
    await removal
    const after = read()
    await clock.settle()
    source.release()
    expect(await Promise.all([during, after])).toEqual(['new', 'new'])
    await cache.drain()
    expect(source.loads).toHaveLength(1)
    expect(cache.peek('k')).toBe('new')
  })

  test('what such a load has stored in memory stays there when the removal ends', async () => {
    const { cache, clock } = await slowRemovals()
    const source = new Source([['k', 'new']])
    const removal = cache.delete('k')
    await clock.advance(10)
    expect(await cache.getOrSet('k', () => source.load('k'))).toBe('new')
    await clock.advance(40)
    await removal
    await cache.drain()
    expect(cache.peek('k')).toBe('new')
    expect(source.loads).toHaveLength(1)
  })

  test('a second removal voids a load that began during the first', async () => {
    const { cache, clock } = await slowRemovals()
    const source = new Source([['k', 'old']]).hold()
    const read = () => cache.getOrSet('k', () => source.load('k'))
    const first = cache.delete('k')
    await clock.advance(10)
    const during = read()
    await clock.advance(5)
    source.rows.set('k', 'new')
    const second = cache.delete('k')
    await clock.advance(100)
    await Promise.all([first, second])
    const after = read()
    await clock.settle()
    source.release()
    expect(await during).toBe('old')
    expect(await after).toBe('new')
    await cache.drain()
    expect(cache.peek('k')).toBe('new')
  })

  test('who comes after a removal never gets the old value that somebody found in the far tier while it was under way', async () => {
    const { cache, clock, far } = await slowRemovals()
    const source = new Source([['k', 'old']])
    const read = () => cache.getOrSet('k', () => source.load('k'), { ttl: '10s', swr: '1h' })
    expect(await read()).toBe('old')
    await cache.drain()
    await clock.advance(20_000)
    source.hold()
    source.rows.set('k', 'new')
    const plan = far.plan
    // It hasn't reached the store yet, where the old row is still to be had, stale.
    far.plan = (verb) => (verb === 'delete' ? { delay: 40 } : undefined)
    const removal = cache.delete('k')
    await clock.advance(10)
    const during = read()
    await clock.advance(5)
    await clock.advance(40)
    await removal
    far.plan = plan
    const after = read()
    await clock.settle()
    source.release()
    expect(['old', 'new']).toContain(await during)
    expect(await after).toBe('new')
    await cache.drain()
    expect(await read()).toBe('new')
  })

  test('a removal leaves before the looks of its turn', async () => {
    const { cache, clock, order } = await slowRemovals()
    const read = (key: string) => cache.getOrSet(key, () => key)
    const other = read('other')
    const removal = cache.delete('k')
    const own = read('k')
    await clock.advance(100)
    await Promise.all([other, removal, own])
    expect(order.find((verb) => verb === 'delete' || verb === 'lease')).toBe('delete')
  })
})
